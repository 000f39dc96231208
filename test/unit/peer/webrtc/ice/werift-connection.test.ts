import { expect, it } from 'vitest';
import { Connection, StunOverTurnProtocol, TurnProtocol, type Transport } from 'werift';
import { internalsOf } from '../../../../../src/peer/webrtc/ice/werift-connection.ts';

/* What an upgrade of werift may take away; what it does is proved by the tests of those who use it. */

it('werift has the members of its ICE agent that are used here', () => {
  const agent = internalsOf(new Connection(true, {}));
  const kinds = Object.fromEntries(
    Object.entries({
      protocols: 'object',
      localCandidatesStart: 'boolean',
      localCandidatesEnd: 'boolean',
      remoteCandidatesEnd: 'boolean',
      localUsername: 'string',
      localPassword: 'string',
      remoteUsername: 'string',
      remotePassword: 'string',
      remoteIsLite: 'boolean',
      localCandidates: 'object',
      _remoteCandidates: 'object',
      checkList: 'object',
      checkListDone: 'boolean',
      checkListState: 'object',
      earlyChecks: 'object',
      earlyChecksDone: 'boolean',
      nominated: 'undefined',
      nominating: 'boolean',
      generation: 'number',
      state: 'string',
      userHistory: 'object',
      gatherCandidates: 'function',
      ensureProtocol: 'function',
      pairLocalProtocol: 'function',
      appendLocalCandidate: 'function',
      isTcpPair: 'function',
      checkRequestOptions: 'function',
      nominateTcpPairIfReady: 'function',
      nominateTcpPair: 'function',
      buildRequest: 'function',
      queryConsent: 'function',
      restart: 'function',
    } satisfies Partial<Record<keyof typeof agent, string>>).map(([name, kind]) => [name, [kind, name in agent]]),
  );
  for (const [name, [kind, there]] of Object.entries(kinds)) {
    expect([name, typeof agent[name as keyof typeof agent], there]).toEqual([name, kind, true]);
  }
});

it('werift keeps the credentials of former generations, and binds a channel again after a time of its own', () => {
  const connection = new Connection(true, {});
  const { localUsername, localPassword } = connection;
  void connection.restart();
  expect(connection.userHistory[localUsername]).toBe(localPassword);
  expect(connection.localUsername).not.toBe(localUsername);
  const transport = { type: 'udp', onData: () => undefined } as unknown as Transport;
  const turn = new TurnProtocol(['192.0.2.1', 3478], 'u', 'c', 600, transport);
  expect(Object.keys(turn)).toEqual(expect.arrayContaining(['channelRefreshTime', 'transport']));
  expect(Object.keys(new StunOverTurnProtocol(turn))).toContain('turn');
});
