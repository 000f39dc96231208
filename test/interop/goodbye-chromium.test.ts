import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Page } from 'playwright-core';
import { delay } from '../../src/base/delay.ts';
import type { DevicePeer } from '../../src/peer/webrtc/device-peer.ts';
import { PathEstimate } from '../../src/peer/egress/path-estimate.ts';
import { RtpSender } from '../../src/peer/egress/rtp-sender.ts';
import { createSrtpEgress } from '../../src/peer/egress/srtp.ts';
import { type Browser, launchChromium } from '../support/chromium.ts';
import { makePeer, OFFERED, type Told } from '../unit/peer/webrtc/loopback-viewer.ts';

/* No signaling is between this peer and this browser: who leaves says so by DTLS and SCTP, and what arrives is reported by RTCP. */

const WAIT = { timeout: 20_000, interval: 20 };
const AT_ONCE = { timeout: 2000, interval: 10 };
let browser: Browser;

beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser?.close());

interface ViewerWindow extends Window {
  connection: RTCPeerConnection;
  channel: RTCDataChannel;
  gathered: RTCIceCandidateInit[];
}

/** Chromium has taken the peer's offer, and its data channel is open. */
async function connected(): Promise<{ page: Page; peer: DevicePeer; told: Told }> {
  const page = await browser.context.newPage();
  const { peer, told } = makePeer();
  const answer = await page.evaluate(
    async (sdp) => {
      const viewer = window as unknown as ViewerWindow;
      viewer.connection = new RTCPeerConnection();
      viewer.gathered = [];
      viewer.connection.addEventListener(
        'icecandidate',
        ({ candidate }) => candidate && viewer.gathered.push(candidate.toJSON()),
      );
      await viewer.connection.setRemoteDescription({ type: 'offer', sdp });
      viewer.channel = viewer.connection.createDataChannel('test', { protocol: 'test' });
      await viewer.connection.setLocalDescription(await viewer.connection.createAnswer());
      return viewer.connection.localDescription?.sdp ?? '';
    },
    await peer.offer(OFFERED),
  );
  await peer.accept(answer);
  await vi.waitUntil(() => told.candidates.at(-1)?.candidate === '', WAIT);
  await page.evaluate(async (candidates) => {
    const { connection } = window as unknown as ViewerWindow;
    for (const { candidate } of candidates)
      if (candidate !== '') await connection.addIceCandidate({ candidate, sdpMLineIndex: 0 });
  }, told.candidates);
  await vi.waitFor(async () => expect(await channelState(page)).toBe('open'), WAIT);
  return { page, peer, told };
}

function channelState(page: Page): Promise<string> {
  return page.evaluate(() => (window as unknown as ViewerWindow).channel.readyState);
}

function dtlsState(page: Page): Promise<string | undefined> {
  return page.evaluate(() => (window as unknown as ViewerWindow).connection.sctp?.transport.state);
}

describe('a session with Chromium', () => {
  it('is told when each packet arrived, by its transport-wide number', async () => {
    const { told } = await connected();
    const [{ media, transport } = {}] = told.connected;
    if (media?.video === undefined || media.audio === undefined || transport === undefined)
      throw new Error('nothing was negotiated');
    const srtp = createSrtpEgress(transport);
    const path = new PathEstimate();
    const [video, sound] = [media.video, media.audio].map((track) => new RtpSender(track, srtp, transport, path.sent));
    const payload = Buffer.alloc(1000, 1);
    for (let number = 0; number < 60; number += 1) {
      video?.send(payload, 102, true, number * 1800);
      if (number % 4 === 0) sound?.send(payload, 0, false, number * 160);
      await delay(20);
    }
    const reported = new Map<number, number>();
    await vi.waitFor(() => {
      for (const message of told.rtcp.splice(0)) {
        if (message.type !== 'transport-feedback') continue;
        path.takeFeedback(message);
        for (const [index, sequence] of message.sequenceNumbers.entries())
          reported.set(sequence, message.referenceTime * 64 + (message.arrivals[index] ?? 0) / 4);
      }
      expect([...reported.keys()].sort((a, b) => a - b)).toEqual(Array.from({ length: 75 }, (_, number) => number));
    }, WAIT);
    const [first = 0, last = 0] = [reported.get(0), reported.get(74)];
    // They were sent over 59 times 20 ms at least.
    expect(last - first).toBeGreaterThan(1100);
    expect(path.kilobitsPerSecond).toBeGreaterThan(300);
  });

  it('ends within two seconds when the page closes its connection', async () => {
    const { page, told } = await connected();
    await page.evaluate(() => (window as unknown as ViewerWindow).connection.close());
    await vi.waitFor(() => expect(told.disconnected.map(({ code }) => code)).toEqual(['session.left']), AT_ONCE);
  });

  it('that the gateway ends is over in the page within two seconds: its channel and its DTLS are closed', async () => {
    const { page, peer } = await connected();
    await peer.close();
    await vi.waitFor(
      async () => expect([await channelState(page), await dtlsState(page)]).toEqual(['closed', 'closed']),
      AT_ONCE,
    );
  });
});
