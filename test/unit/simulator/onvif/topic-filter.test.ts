import { describe, expect, it } from 'vitest';
import { SoapFault } from '../../../../src/simulator/onvif/soap.ts';
import { parseTopicFilter } from '../../../../src/simulator/onvif/topic-filter.ts';
import { parseXml } from '../../../../src/simulator/onvif/xml.ts';

const CONCRETE_SET = 'http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet';

function filter(expression: string, dialect = CONCRETE_SET) {
  return parseTopicFilter(
    parseXml(
      `<Filter xmlns:t="http://www.onvif.org/ver10/topics"><TopicExpression Dialect="${dialect}">${expression}</TopicExpression></Filter>`,
    ),
  );
}

describe('parseTopicFilter', () => {
  it.each([
    ['t:VideoSource/MotionAlarm', true],
    ['t:VideoSource//.', true],
    ['t:Device/Trigger//.|t:VideoSource/MotionAlarm', true],
    ['t:VideoSource', false],
    ['t:Video//.', false],
    ['other:VideoSource/MotionAlarm', false],
    ['VideoSource/MotionAlarm', false],
  ])('%s wants VideoSource/MotionAlarm: %s', (expression, isWanted) => {
    expect(filter(expression)('VideoSource/MotionAlarm')).toBe(isWanted);
  });

  it('wants everything without a filter', () => {
    expect(parseTopicFilter(undefined)('Any/Topic')).toBe(true);
  });

  it('answers what it cannot do with a fault', () => {
    expect(() => filter('t:VideoSource', 'urn:xpath')).toThrow(SoapFault);
    expect(() => parseTopicFilter(parseXml('<Filter><MessageContent>x</MessageContent></Filter>'))).toThrow(SoapFault);
  });
});
