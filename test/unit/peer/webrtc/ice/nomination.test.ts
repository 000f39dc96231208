import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Candidate, CandidatePair, CandidatePairState, Connection, StunProtocol } from 'werift';
import { preferDirectPaths } from '../../../../../src/peer/webrtc/ice/nomination.ts';
import { internalsOf } from '../../../../../src/peer/webrtc/ice/werift-connection.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

type State = 'waiting' | 'succeeded' | 'failed';

interface Pair {
  local?: string;
  remote?: string;
  address?: string;
  transport?: string;
  state: State;
}

const STATES = {
  waiting: CandidatePairState.WAITING,
  succeeded: CandidatePairState.SUCCEEDED,
  failed: CandidatePairState.FAILED,
};

/** An agent with these pairs, in the order of their priority, and which of them it nominates. */
function agentWith(...pairs: Pair[]): { nominated: number[]; done: () => void; settle: (index: number, state: State) => void } {
  const connection = new Connection(true, {});
  const agent = internalsOf(connection);
  preferDirectPaths(connection);
  agent.checkList = pairs.map(({ local = 'host', remote = 'host', address = '203.0.113.9', transport = 'udp', state }) => {
    const protocol = new StunProtocol();
    protocol.localCandidate = new Candidate('f', 1, transport, 1, '192.0.2.1', 5000, local);
    const pair = new CandidatePair(protocol, new Candidate('g', 1, transport, 1, address, 6000, remote), true);
    pair.updateState(STATES[state]);
    return pair;
  });
  const nominated: number[] = [];
  agent.nominateTcpPair = (pair) => {
    nominated.push(agent.checkList.indexOf(pair));
    agent.nominating = true;
  };
  return {
    nominated,
    done: () => agent.nominateTcpPairIfReady(),
    settle: (index, state) => agent.checkList[index]?.updateState(STATES[state]),
  };
}

describe('a relay that works', () => {
  it('waits a second for direct paths whose checks are under way', () => {
    const { nominated, done } = agentWith({ state: 'waiting' }, { local: 'relay', state: 'succeeded' });
    done();
    vi.advanceTimersByTime(999);
    expect(nominated).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(nominated).toEqual([1]);
  });

  it('is taken at once when no direct path is left', () => {
    const { nominated, done, settle } = agentWith({ state: 'waiting' }, { remote: 'relay', state: 'succeeded' });
    done();
    settle(0, 'failed');
    done();
    expect(nominated).toEqual([1]);
  });

  it('comes after TCP, and TCP after UDP', () => {
    const { nominated, done, settle } = agentWith(
      { local: 'relay', state: 'succeeded' },
      { transport: 'tcp', state: 'succeeded' },
      { state: 'waiting' },
    );
    done();
    expect(nominated).toEqual([]);
    settle(2, 'failed');
    done();
    expect(nominated).toEqual([1]);
  });
});

describe('an address that the viewer has not named', () => {
  it('may be its relay: it waits, unless it is of a local network', () => {
    const far = agentWith({ state: 'waiting' }, { remote: 'prflx', state: 'succeeded' });
    far.done();
    expect(far.nominated).toEqual([]);
    vi.advanceTimersByTime(1000);
    expect(far.nominated).toEqual([1]);
    const agent = internalsOf(new Connection(true, {}));
    preferDirectPaths(agent as unknown as Connection);
    const protocol = new StunProtocol();
    protocol.localCandidate = new Candidate('f', 1, 'udp', 1, '192.168.1.2', 5000, 'host');
    const near = new CandidatePair(protocol, new Candidate('g', 1, 'udp', 1, '192.168.1.9', 6000, 'prflx'), true);
    expect(agent.isTcpPair(near)).toBe(false);
  });
});

describe('checks', () => {
  it('are sent five times by UDP, twice where the viewer named no address, and once by TCP, which repeats by itself', () => {
    const agent = internalsOf(new Connection(true, {}));
    preferDirectPaths(agent as unknown as Connection);
    const of = (transport: string, remote = 'host'): number => {
      const protocol = new StunProtocol();
      protocol.localCandidate = new Candidate('f', 1, transport, 1, '192.0.2.1', 5000, 'relay');
      return agent.checkRequestOptions(
        new CandidatePair(protocol, new Candidate('g', 1, transport, 1, '192.0.2.9', 6000, remote), true),
      ).retransmissions;
    };
    expect([of('udp'), of('udp', 'prflx'), of('tcp')]).toEqual([4, 1, 0]);
  });
});
