import { setTimeout as delay } from 'node:timers/promises';
import { expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import { connect, type OnvifSession } from '../../src/client/index.ts';
import { HeadlessPeerConnection } from '../../src/peer/webrtc/headless/peer-connection.ts';
import type { SessionStats } from '../../src/plane/messages.ts';
import { MAIN_PROFILE } from '../../src/simulator/profiles.ts';
import { SimulatedCamera } from '../../src/simulator/simulated-camera.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { incompressibleDocument } from '../support/metadata-documents.ts';
import { SilentSctp } from '../support/silent-sctp.ts';
import { CREDENTIALS } from '../support/site.ts';

const MIB = 1024 * 1024;
const WAIT = { timeout: 60_000, interval: 50 };
const SEED = 'stalled';
const DOCUMENT_BYTES = 60_000;
/** Of a document that compression makes a quarter smaller, ten a second. */
const BYTES_PER_SECOND = 10 * 0.75 * DOCUMENT_BYTES;
const SILENCE_S = 60;
/** What may wait, in the queue and in the channel, and what a heap has more at one time than at another. */
const MAX_GROWTH = 8 * MIB;
/** Of the pictures that came from the camera; some are under way. */
const MIN_SHARE = 0.98;

it('a viewer that acknowledges nothing on its data channel for 60 s costs documents, oldest first, and neither memory nor pictures', async () => {
  let sent = 0;
  const document = (): Buffer => incompressibleDocument(SEED, (sent += 1), DOCUMENT_BYTES);
  const camera = new SimulatedCamera({ name: SEED, ...CREDENTIALS, documents: { intervalMs: 100, document } });
  onTestFinished(() => camera.close());
  const { onvifPort } = await camera.start();
  const gateway = new GatewayProcess();
  onTestFinished(() => gateway.close());
  const source = { id: SEED, name: SEED, onvif: { host: '127.0.0.1', port: onvifPort }, credentials: CREDENTIALS };
  await gateway.start([source], { workers: 0 });
  await vi.waitFor(async () => expect((await gateway.cameras())[0]?.state).toBe('online'), WAIT);

  const sctp = new SilentSctp();
  const session: OnvifSession = connect(`${gateway.url.replace('http', 'ws')}/signaling`, {
    peer: SEED,
    createPeerConnection: ({ iceServers }) =>
      new HeadlessPeerConnection({ iceServers, onFirstFrame: () => session.noteFirstFrame() }),
    createWebSocket: (url, subprotocol) => new WebSocket(url, subprotocol, { perMessageDeflate: false }),
  });
  onTestFinished(() => session.close());
  const received: number[] = [];
  const different: string[] = [];
  session.on('metadata', (xml) => {
    const number = Number(/<!--\S+ (\d+) Tür-->/.exec(xml)?.[1]);
    received.push(number);
    if (xml !== incompressibleDocument(SEED, number, DOCUMENT_BYTES).toString()) different.push(xml.slice(0, 200));
  });
  const statistics = async (): Promise<SessionStats> => {
    const [stats] = (await gateway.stats()).sessions;
    if (stats === undefined) throw new Error('the session is over');
    return stats;
  };
  await session.whenLive();
  await vi.waitFor(() => expect(received.length).toBeGreaterThan(20), WAIT);
  expect(different).toEqual([]);
  const before = await gateway.counters();
  const sentBefore = { documents: sent, ...(await statistics()) };
  const fromCamera = async (): Promise<number> =>
    (await gateway.stats()).streams.find(({ profile }) => profile === MAIN_PROFILE.token)?.accessUnits ?? 0;
  const [shownBefore, cameBefore] = [(await session.stats()).framesDecoded, await fromCamera()];
  const begun = performance.now();
  sctp.fallSilent();
  for (let second = 0; second < SILENCE_S; second += 10) {
    await delay(10_000);
    const { heapBytes } = await gateway.counters();
    expect(heapBytes - before.heapBytes, `after ${second + 10} s`).toBeLessThan(MAX_GROWTH);
  }
  const silenceS = (performance.now() - begun) / 1000;
  // Without a bound it would be far more.
  expect(silenceS * BYTES_PER_SECOND).toBeGreaterThan(3 * MAX_GROWTH);
  const after = await gateway.counters();
  const { framesDecoded, lost } = await session.stats();
  const came = (await fromCamera()) - cameBefore;
  const share = (framesDecoded - shownBefore) / came;
  const { state, metadataDropped, packetsDropped } = await statistics();
  const documents = sent - sentBefore.documents;
  const dropped = metadataDropped - sentBefore.metadataDropped;
  const figures = {
    heapMiB: (after.heapBytes - before.heapBytes) / MIB,
    rssMiB: (after.rssBytes - before.rssBytes) / MIB,
    pictures: framesDecoded - shownBefore,
    picturesPerSecond: came / silenceS,
    documents,
    dropped,
  };
  console.log(`60 s without an acknowledgement: ${JSON.stringify(figures)}`);
  expect([state, lost, packetsDropped]).toEqual(['live', 0, sentBefore.packetsDropped]);
  expect(share).toBeGreaterThan(MIN_SHARE);
  expect(came / silenceS).toBeGreaterThan(0.7 * MAIN_PROFILE.framesPerSecond);
  expect(dropped).toBeGreaterThan(documents * 0.7);

  const missed = received.length;
  sctp.listenAgain();
  await vi.waitFor(() => expect(received.length).toBeGreaterThan(missed + 60), WAIT);
  expect(different).toEqual([]);
  // What was begun came whole, and then the newest that had a place: all are in order, none is there twice.
  expect(received).toEqual([...new Set(received)].toSorted((a, b) => a - b));
});
