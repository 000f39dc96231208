import { readFileSync } from 'node:fs';
import { Socket as UdpSocket } from 'node:dgram';
import { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { InterleavedParser } from '../../src/camera/rtsp/interleaved.ts';
import { connect, type OnvifSession } from '../../src/client/index.ts';
import { parseRtpPacket, type RtpPacket } from '../../src/media/rtp/packet.ts';
import { HeadlessPeerConnection } from '../../src/peer/webrtc/headless/peer-connection.ts';
import { ReceivedTrack } from '../../src/peer/webrtc/headless/received-track.ts';
import type { SimulatedCamera } from '../../src/simulator/simulated-camera.ts';
import { startSimulatedCamera, startSite, type Site } from '../support/site.ts';

/*
 * PCMU through the gateway. Camera, gateway and viewer are in this process, so that one clock sees a packet written by the camera, read and sent by
 * the gateway, and decrypted by the viewer. The time in the gateway is from its last reading of the camera's socket to its sending; what the whole way
 * takes depends on what else the machine does.
 */

const MAX_MEDIAN_MS = 1;
/** Half of what is between two packets: one that was held back for the next would take longer, and not be told by the time from the reading. */
const MAX_WHOLE_WAY_MS = 10;
const PACKETS = 500;
const PCMU = 0;

interface Seen {
  atMs: number;
  timestamp: number;
  payload: Buffer;
}

let site: Site;
let camera: SimulatedCamera;
let viewer: OnvifSession;
const written: Seen[] = [];
const received: Seen[] = [];
/** Milliseconds from the socket of the camera to that of the viewer. */
const inGateway: number[] = [];

beforeAll(async () => {
  listenAtCamera();
  listenAtGateway();
  listenAtViewer();
  const started = await startSimulatedCamera('yard');
  camera = started.simulated;
  site = await startSite([started.camera]);
  await vi.waitFor(() => expect(site.gateway.cameras()).toMatchObject([{ state: 'online' }]), 30_000);
  viewer = connect(site.signaling, {
    peer: 'yard',
    createPeerConnection: ({ iceServers }) =>
      new HeadlessPeerConnection({ iceServers, onFirstFrame: () => viewer.noteFirstFrame() }),
    createWebSocket: (url, subprotocol) => new WebSocket(url, subprotocol, { perMessageDeflate: false }),
  });
});

afterAll(async () => {
  viewer?.close();
  await site?.close();
  await camera?.close();
  vi.restoreAllMocks();
});

function seen({ timestamp, payload }: RtpPacket): Seen {
  return { atMs: performance.now(), timestamp, payload: Buffer.from(payload) };
}

function methodOf(prototype: object, name: string): unknown {
  return Reflect.get(prototype, name);
}

type Method = (...given: unknown[]) => unknown;

/** Packets of sound are noted as they are written to the socket. */
function listenAtCamera(): void {
  const original = methodOf(Socket.prototype, 'write') as Method;
  vi.spyOn(Socket.prototype, 'write').mockImplementation(function write(this: Socket, ...given: unknown[]): boolean {
    const [bytes] = given;
    const isSound = Buffer.isBuffer(bytes) && bytes[0] === 0x24 && (bytes[5] ?? 0) % 128 === PCMU;
    const packet = isSound ? parseRtpPacket(bytes.subarray(4)) : undefined;
    if (packet !== undefined) written.push(seen(packet));
    return Reflect.apply(original, this, given) as boolean;
  });
}

/** When the bytes of the camera are taken, and when a packet of sound goes out, whose header is not encrypted. */
function listenAtGateway(): void {
  let readAtMs = 0;
  const push = methodOf(InterleavedParser.prototype, 'push') as InterleavedParser['push'];
  vi.spyOn(InterleavedParser.prototype, 'push').mockImplementation(function read(this: InterleavedParser, bytes) {
    readAtMs = performance.now();
    push.call(this, bytes);
  });
  const send = methodOf(UdpSocket.prototype, 'send') as Method;
  vi.spyOn(UdpSocket.prototype, 'send').mockImplementation(function sent(this: UdpSocket, ...given: unknown[]): void {
    const [bytes] = given;
    const isSound = Buffer.isBuffer(bytes) && bytes.length > 100 && (bytes[0] ?? 0) >> 6 === 2 && (bytes[1] ?? 0) % 128 === PCMU;
    if (isSound) inGateway.push(performance.now() - readAtMs);
    Reflect.apply(send, this, given);
  });
}

/** As packets come out of the viewer's decryption. */
function listenAtViewer(): void {
  const original = methodOf(ReceivedTrack.prototype, 'receive') as ReceivedTrack['receive'];
  vi.spyOn(ReceivedTrack.prototype, 'receive').mockImplementation(function receive(this: ReceivedTrack, packet, ...rest) {
    if (packet.payloadType === PCMU) received.push(seen(packet));
    original.call(this, packet, ...rest);
  });
}

/** With what the camera wrote: the gateway moves all timestamps by the same, and leaves all bytes alone. Sound repeats, so that one packet may be like another. */
function paired(all: readonly Seen[]): { there: Seen; here: Seen }[] {
  const [first] = all;
  if (first === undefined) return [];
  const starts = written.filter(({ payload, atMs }) => payload.equals(first.payload) && atMs <= first.atMs);
  for (const start of starts.toReversed()) {
    const byTimestamp = new Map(written.map((each) => [(each.timestamp - start.timestamp + first.timestamp) >>> 0, each]));
    const pairs = all.flatMap((there) => {
      const here = byTimestamp.get(there.timestamp);
      return here?.payload.equals(there.payload) === true ? [{ there, here }] : [];
    });
    if (pairs.length === all.length) return pairs;
  }
  return [];
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

describe('PCMU', () => {
  it('is in the gateway for a millisecond at most, comes byte for byte, and takes no ffmpeg', async () => {
    const processes: string[] = [];
    await vi.waitFor(
      () => {
        processes.push(readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8'));
        expect(received.length).toBeGreaterThanOrEqual(PACKETS);
      },
      { timeout: 60_000, interval: 500 },
    );
    const pairs = paired(received.slice(0, PACKETS));
    expect(pairs).toHaveLength(PACKETS);
    const wholeWay = median(pairs.map(({ there, here }) => there.atMs - here.atMs));
    console.log(
      `PCMU: median ${median(inGateway).toFixed(2)} ms in the gateway, ${wholeWay.toFixed(2)} ms from camera to viewer, of ${PACKETS} packets`,
    );
    expect(inGateway.length).toBeGreaterThanOrEqual(PACKETS);
    expect(median(inGateway)).toBeLessThanOrEqual(MAX_MEDIAN_MS);
    expect(wholeWay).toBeLessThan(MAX_WHOLE_WAY_MS);
    expect(processes.join('')).toBe('');
  });
});
