import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CandidateLogins } from '../../../../src/gateway/discovery/candidate-logins.ts';
import { FakeNetwork, PASSWORD } from './fixture.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

const MINUTE = 60_000;
const RIGHT = { username: 'viewer', password: PASSWORD };
const wrong = (index: number) => ({ username: 'viewer', password: `wrong ${index}` });

function setUp() {
  const network = new FakeNetwork();
  const onAnswer = vi.fn();
  const logins = new CandidateLogins({ onAnswer, connect: network.connect });
  const ask = (host: string, credentials = RIGHT, endpointReference = 'urn:1') =>
    logins.ask({ host, port: 80 }, endpointReference, credentials);
  return { network, onAnswer, logins, ask };
}

describe('a device that may be a lost camera', () => {
  it('is asked once, and what it says holds for ten minutes', async () => {
    const { network, onAnswer, ask } = setUp();
    network.plugIn('10.0.0.2', 'urn:1', 'ACME-0042');
    expect(ask('10.0.0.2')).toBeUndefined();
    expect(ask('10.0.0.2')).toBeUndefined();
    await vi.advanceTimersByTimeAsync(10);
    expect(onAnswer).toHaveBeenCalledTimes(1);
    expect(ask('10.0.0.2')).toMatchObject({ serial: 'ACME-0042' });
    await vi.advanceTimersByTimeAsync(9 * MINUTE);
    expect(ask('10.0.0.2')).toMatchObject({ serial: 'ACME-0042' });
    expect(network.logins).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(2 * MINUTE);
    expect(ask('10.0.0.2')).toBeUndefined();
  });

  it('is shown two different passwords in an hour at most, and not the same one twice', async () => {
    const { network, ask } = setUp();
    network.plugIn('10.0.0.2', 'urn:1', 'ACME-0042', { password: 'another' });
    for (let second = 0; second < 50 * 60; second += 1) {
      for (let index = 0; index < 5; index += 1) ask('10.0.0.2', wrong(index));
      await vi.advanceTimersByTimeAsync(1000);
    }
    expect(network.logins).toHaveLength(2);
    expect(ask('10.0.0.2', wrong(0))).toBeNull();
    expect(ask('10.0.0.2', wrong(4))).toBeNull();
  });

  it('gets no more logins by calling itself something else each time', async () => {
    const { network, ask } = setUp();
    network.plugIn('10.0.0.2', 'urn:1', 'ACME-0042');
    for (let second = 0; second < 9 * 60; second += 1) {
      ask('10.0.0.2', RIGHT, `urn:${second}`);
      await vi.advanceTimersByTimeAsync(1000);
    }
    expect(network.logins).toHaveLength(4);
  });

  it('that does not answer is tried again after half a minute', async () => {
    const { network, ask } = setUp();
    ask('10.0.0.9');
    await vi.advanceTimersByTimeAsync(10);
    expect(ask('10.0.0.9')).toBeNull();
    await vi.advanceTimersByTimeAsync(31_000);
    expect(ask('10.0.0.9')).toBeUndefined();
    await vi.advanceTimersByTimeAsync(10);
    expect(network.logins).toHaveLength(2);
  });
});

describe('many devices', () => {
  it('are asked one a second, and what is too much is not waited for', async () => {
    const { network, ask } = setUp();
    const answers = Array.from({ length: 200 }, (_, index) => ask(`10.0.1.${index}`));
    expect(answers.filter((answer) => answer === null).length).toBeGreaterThan(100);
    await vi.advanceTimersByTimeAsync(10_500);
    expect(network.logins).toHaveLength(11);
  });

  it('are not asked any more after close', async () => {
    const { network, logins, ask } = setUp();
    ask('10.0.0.1');
    ask('10.0.0.2');
    await logins.close();
    await logins.close();
    await vi.advanceTimersByTimeAsync(MINUTE);
    expect(network.logins).toEqual(['10.0.0.1']);
    expect(ask('10.0.0.3')).toBeNull();
    expect(vi.getTimerCount()).toBe(0);
  });
});
