import { describe, expect, it, vi } from 'vitest';
import { Candidate, Connection, StunProtocol, type CandidatePair } from 'werift';
import { RemoteCandidates } from '../../../../../src/peer/webrtc/ice/remote-candidates.ts';
import { internalsOf } from '../../../../../src/peer/webrtc/ice/werift-connection.ts';

describe("a name of a viewer's candidate", () => {
  it('is looked up by multicast DNS only where its candidate could be used', async () => {
    const resolve = vi.fn(() => Promise.resolve([]));
    const candidates = new RemoteCandidates(new Connection(true), { loopback: 'never', resolve });
    await candidates.add({ candidate: 'candidate:1 1 tcp 1518280447 a.local 9 typ host tcptype active' });
    await candidates.add({ candidate: 'candidate:2 1 udp 2122260223 a.local 50000 typ host' });
    await candidates.add({ candidate: 'candidate:3 2 udp 2122260222 a.local 50001 typ host' });
    expect(resolve).toHaveBeenCalledTimes(1);
  });
});

describe('pairs of a box with many addresses', () => {
  it('are a hundred at most, and have places left for what works last', async () => {
    const connection = new Connection(true, {});
    const agent = internalsOf(connection);
    const addLocal = (type: string, address: string): void => {
      const protocol = new StunProtocol();
      protocol.localCandidate = new Candidate(address, 1, 'udp', 1, address, 5000, type);
      agent.protocols.push(protocol);
      agent.pairLocalProtocol(protocol);
    };
    const remote = new RemoteCandidates(connection, { loopback: 'never', resolve: undefined });
    const name = (type: string, address: string): Promise<void> =>
      remote.add({ candidate: `candidate:1 1 udp 41885439 ${address} 50000 typ ${type}` });
    const pairs = (local: string, type: string): CandidatePair[] =>
      connection.checkList.filter((pair) => pair.localCandidate.type === local && pair.remoteCandidate.type === type);
    for (let at = 1; at <= 9; at += 1) addLocal('host', `192.0.2.${at}`);
    for (let at = 1; at <= 12; at += 1) await name('host', `10.0.${at}.1`);
    await name('srflx', '203.0.113.4');
    await name('relay', '203.0.113.5');
    for (const address of ['198.51.100.1', '198.51.100.2']) addLocal('relay', address);
    expect([pairs('host', 'srflx'), pairs('host', 'relay')].map(({ length }) => length)).toEqual([9, 9]);
    expect([pairs('relay', 'srflx'), pairs('relay', 'relay')].map(({ length }) => length)).toEqual([2, 2]);
    expect(pairs('host', 'host').length).toBeGreaterThan(40);
    for (let at = 20; at < 40; at += 1) for (const type of ['host', 'srflx', 'relay']) await name(type, `203.0.113.${at}`);
    expect(connection.checkList).toHaveLength(100);
  });
});
