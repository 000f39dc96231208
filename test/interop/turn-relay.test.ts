import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { IceServer } from '../../src/base/ice.ts';
import type { DevicePeer } from '../../src/peer/webrtc/device-peer.ts';
import { makeCertificate } from '../support/certificate.ts';
import { startCoturn, type Coturn } from '../support/coturn.ts';
import { makePeer, OFFERED, type Told } from '../unit/peer/webrtc/loopback-viewer.ts';

/* Relays at a real TURN server. Of loopback Linux has 16 million addresses: one of its own keeps its ports apart from those of others. */

const ADDRESS = `127.77.${process.pid & 0xff}.7`;
const ACCOUNT = { username: 'gateway', credential: 'secret' };
const WAIT = { timeout: 15_000, interval: 20 };
let coturn: Coturn;

beforeAll(async () => {
  coturn = await startCoturn({
    prefix: [],
    address: ADDRESS,
    ...ACCOUNT,
    certificate: makeCertificate(ADDRESS),
    relayPorts: { first: 40_000, last: 40_099 },
  });
});
afterAll(() => coturn.close());

async function relays(...iceServers: IceServer[]): Promise<{ peer: DevicePeer; told: Told; found: string[] }> {
  const { peer, told } = makePeer({ iceServers });
  await peer.offer(OFFERED);
  await vi.waitUntil(() => told.candidates.at(-1)?.candidate === '', WAIT);
  const found = told.candidates.filter(({ candidate }) => candidate.includes('typ relay')).map(({ candidate }) => candidate);
  return { peer, told, found };
}

const turn = (...urls: string[]): IceServer => ({ urls, ...ACCOUNT });
const RELAY = new RegExp(` udp \\d+ ${ADDRESS.replaceAll('.', '\\.')} 40\\d\\d\\d typ relay raddr 127\\.`);

describe('a relay', () => {
  it.each(['udp', 'tcp'])('is allocated over %s', async (transport) => {
    const { found } = await relays(turn(`turn:${ADDRESS}?transport=${transport}`));
    expect(found).toEqual([expect.stringMatching(RELAY)]);
  });

  it('is allocated over the next transport of the server where the first one does not answer', async () => {
    const { peer, told } = makePeer({
      iceServers: [turn(`turn:${ADDRESS}:9?transport=udp`, `turn:${ADDRESS}:3478?transport=tcp`)],
    });
    await peer.offer(OFFERED);
    await vi.waitFor(() => expect(told.candidates.map(({ candidate }) => candidate).join('\n')).toMatch(RELAY), WAIT);
  });

  it('is allocated at the second server where the first one is dead, or refuses the password, before that is given up', async () => {
    const dead = { urls: ['turn:127.77.0.1:9?transport=udp'], ...ACCOUNT };
    const { peer, told } = makePeer({ iceServers: [dead, turn(`turn:${ADDRESS}?transport=udp`)] });
    await peer.offer(OFFERED);
    await vi.waitUntil(() => told.candidates.some(({ candidate }) => RELAY.test(candidate)), WAIT);
    expect(told.candidates.at(-1)?.candidate).not.toBe('');
    const refused = { urls: [`turn:${ADDRESS}?transport=udp`], username: 'gateway', credential: 'wrong' };
    expect((await relays(refused, turn(`turn:${ADDRESS}?transport=tcp`))).found).toEqual([expect.stringMatching(RELAY)]);
  });

  it('is one for each server, however many ways lead there', async () => {
    const { found } = await relays(turn(`turn:${ADDRESS}`, `turn:${ADDRESS}?transport=tcp`));
    expect(found).toHaveLength(1);
  });

  it('is given back when the session ends', async () => {
    const { peer, found } = await relays(turn(`turn:${ADDRESS}?transport=udp`));
    expect(found).toHaveLength(1);
    const before = coturn.log.length;
    await peer.close();
    await vi.waitUntil(() => /lifetime=0\b/.test(coturn.log.slice(before)), WAIT);
  });
});
