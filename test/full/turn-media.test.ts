import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { StunOverTurnProtocol, type RtpPacket } from 'werift';
import type { IceCandidate } from '../../src/base/ice.ts';
import { RtpSender } from '../../src/peer/egress/rtp-sender.ts';
import { createSrtpEgress } from '../../src/peer/egress/srtp.ts';
import { makeCertificate } from '../support/certificate.ts';
import { startCoturn, type Coturn } from '../support/coturn.ts';
import { joined, LoopbackViewer } from '../unit/peer/webrtc/loopback-viewer.ts';

/* Media to a viewer by way of a real TURN server: past werift once it has bound a channel. An upgrade of werift that keeps its channels elsewhere fails here. */

const ADDRESS = `127.78.${process.pid & 0xff}.7`;
const ACCOUNT = { username: 'gateway', credential: 'secret' };
const PACKETS = 300;
const WAIT = { timeout: 15_000, interval: 20 };
let coturn: Coturn;

beforeAll(async () => {
  coturn = await startCoturn({
    ...{ prefix: [], address: ADDRESS, ...ACCOUNT, certificate: makeCertificate(ADDRESS), relaysToLoopback: true },
    relayPorts: { first: 40_000, last: 40_099 },
  });
});
afterAll(() => coturn.close());

/** One that nobody reaches but the relay. */
class ViewerBehindRelay extends LoopbackViewer {
  override async gather(onCandidate: (candidate: IceCandidate) => void): Promise<void> {
    const found: IceCandidate[] = [];
    await super.gather((candidate) => found.push(candidate));
    const agent = this.transport.iceTransport.connection as unknown as { protocols: { transport: Beneath }[] };
    for (const { transport } of agent.protocols) {
      const { onData } = transport;
      transport.onData = (datagram, from) => {
        if (from[0] === ADDRESS) onData(datagram, from);
      };
    }
    for (const candidate of found) onCandidate(candidate);
  }
}

interface Beneath {
  onData: (datagram: Buffer, from: readonly [string, number]) => void;
}

it.each(['udp', 'tcp'])('media reach a viewer through a relay over %s, framed without werift', async (transport) => {
  const viewer = new ViewerBehindRelay();
  const iceServers = [{ urls: [`turn:${ADDRESS}?transport=${transport}`], ...ACCOUNT }];
  const both = await joined(viewer, { iceServers });
  const received: RtpPacket[] = [];
  viewer.transport.onRtp.subscribe((packet) => received.push(packet));
  const { video } = both.media;
  if (video === undefined) throw new Error('no video');
  const sender = new RtpSender(video, createSrtpEgress(both.transport), both.transport);
  const send = (count: number): void => {
    for (let number = 0; number < count; number += 1) sender.send(Buffer.alloc(50 + number, number), 102, true, number);
  };
  // The first ones may still wait for the channel.
  send(3);
  await vi.waitUntil(() => received.length === 3, WAIT);
  const byWerift = vi.spyOn(StunOverTurnProtocol.prototype, 'sendData');
  send(PACKETS);
  await vi.waitUntil(() => received.length === 3 + PACKETS, WAIT);
  expect(byWerift).not.toHaveBeenCalled();
  expect(received.slice(3).map(({ payload }) => payload.length)).toEqual(Array.from({ length: PACKETS }, (_, at) => 50 + at));
  byWerift.mockRestore();
  await viewer.connection.close();
});
