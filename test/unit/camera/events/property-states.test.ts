import { describe, expect, it } from 'vitest';
import { PropertyStates } from '../../../../src/camera/events/property-states.ts';
import type { OnvifEvent } from '../../../../src/camera/onvif/events.ts';

function event(change: Partial<OnvifEvent> & { value?: string } = {}): OnvifEvent {
  const { value = '1', operation = 'Changed', ...rest } = change;
  const notification = `<n><tt:Message UtcTime="t" PropertyOperation="${operation}"><v>${value}</v></tt:Message></n>`;
  return { topic: 'Motion', time: 0, operation, source: { Source: 'a' }, key: {}, data: {}, notification, ...rest };
}

const values = (states: PropertyStates): (string | undefined)[] =>
  states.notifications.map((xml) => /<v>(.*?)<\/v>/.exec(xml)?.[1]);

describe('the states of properties', () => {
  it('are the last of each property, which topic, source and key make, in whatever order they are written', () => {
    const states = new PropertyStates();
    states.note(event({ value: 'old', source: { A: '1', B: '2' } }));
    states.note(event({ value: 'other source', source: { A: '1', B: '3' } }));
    states.note(event({ value: 'other key', source: { A: '1', B: '2' }, key: { Object: '1' } }));
    states.note(event({ value: 'other topic', topic: 'Tampering', source: { A: '1', B: '2' } }));
    states.note(event({ value: 'new', source: { B: '2', A: '1' } }));
    expect(values(states)).toEqual(['other source', 'other key', 'other topic', 'new']);
  });

  it('are told as states, not as changes', () => {
    const states = new PropertyStates();
    states.note(event());
    states.note(event({ operation: 'Initialized', topic: 'Tampering' }));
    expect(states.notifications.map((xml) => /PropertyOperation="(\w+)"/.exec(xml)?.[1])).toEqual(['Initialized', 'Initialized']);
  });

  it('are none of a property that is gone, of what is no property, and of what cannot be passed on', () => {
    const states = new PropertyStates();
    states.note(event());
    states.note(event({ operation: 'Deleted' }));
    states.note(event({ operation: null, topic: 'Passed' }));
    states.note(event({ notification: null, topic: 'Broken' }));
    expect(states.notifications).toEqual([]);
  });

  it('are bounded in number and size: the oldest give way', () => {
    const states = new PropertyStates();
    for (let index = 0; index < 600; index += 1) states.note(event({ value: String(index), source: { Source: String(index) } }));
    expect(values(states)).toHaveLength(512);
    expect(values(states).at(-1)).toBe('599');
    const large = 'x'.repeat(300_000);
    for (const topic of ['A', 'B', 'C', 'D']) states.note(event({ value: large, topic }));
    expect(states.notifications).toHaveLength(3);
    states.clear();
    states.note(event());
    expect(states.notifications).toHaveLength(1);
  });
});
