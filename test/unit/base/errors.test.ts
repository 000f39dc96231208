import { expect, it } from 'vitest';
import { describeReason, GatewayError, reasonOf } from '../../../src/base/errors.ts';

it('an error of ours keeps code, sentence and advice as plain data', () => {
  const cause = new Error('ECONNREFUSED');
  const error = new GatewayError('camera.unreachable', 'The camera does not answer.', { advice: 'Check its power.', cause });
  expect(error.cause).toBe(cause);
  const reason = reasonOf(error);
  expect(structuredClone(reason)).toEqual({
    code: 'camera.unreachable',
    message: 'The camera does not answer.',
    advice: 'Check its power.',
  });
  expect(describeReason(reason)).toBe('The camera does not answer. Check its power.');
});

it('without advice or cause there is no such key', () => {
  const error = new GatewayError('rtsp.timeout', 'No answer.');
  expect('cause' in error).toBe(false);
  expect(Object.keys(reasonOf(error))).toEqual(['code', 'message']);
  expect(describeReason(reasonOf(error))).toBe('No answer.');
});

it('any other thrown value is internal', () => {
  expect(reasonOf(new TypeError('x is not a function'))).toEqual({ code: 'internal', message: 'x is not a function' });
  expect(reasonOf('text')).toEqual({ code: 'internal', message: 'text' });
  expect(reasonOf(undefined)).toEqual({ code: 'internal', message: 'undefined' });
});
