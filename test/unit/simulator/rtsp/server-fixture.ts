import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import { parseRtpPacket, type RtpPacket } from '../../../../src/media/rtp/packet.ts';
import { isKeyframe } from '../../../../src/media/h264/nal.ts';
import { H264Depacketizer, type DepacketizedAccessUnit } from '../../../../src/media/h264/depacketizer.ts';
import { loadClips, type Clips } from '../../../../src/simulator/clips.ts';
import type { SimulatedProfile } from '../../../../src/simulator/profiles.ts';
import { PtzState } from '../../../../src/simulator/ptz-state.ts';
import { RtspCameraServer, type RtspCameraServerOptions } from '../../../../src/simulator/rtsp/server.ts';
import { Timeline } from '../../../../src/simulator/timeline.ts';
import { RtspConversation } from '../../../support/rtsp-conversation.ts';

export const clips: Clips = await loadClips();

export interface RunningServer {
  server: RtspCameraServer;
  timeline: Timeline;
  ptz: PtzState;
  /** Added to the host's clock as the server sees it, milliseconds. */
  clock: { aheadMs: number };
  port: number;
  /** `rtsp://127.0.0.1:PORT` */
  url: string;
  connect: () => Promise<RtspConversation>;
}

/** A server for one test, which ends with it. */
export async function runServer(
  options: Partial<RtspCameraServerOptions> & { clockOffsetMs?: number } = {},
): Promise<RunningServer> {
  const clock = { aheadMs: 0 };
  const timeline = new Timeline({ now: () => Date.now() + clock.aheadMs }, { clockOffsetMs: options.clockOffsetMs ?? 0 });
  const ptz = new PtzState();
  const server = new RtspCameraServer({ clips, timeline, ptz, ...options });
  const { port } = await server.start();
  onTestFinished(() => server.close());
  const connect = async (): Promise<RtspConversation> => {
    const conversation = await RtspConversation.connect(port);
    onTestFinished(() => conversation.close());
    return conversation;
  };
  return { server, timeline, ptz, clock, port, url: `rtsp://127.0.0.1:${port}`, connect };
}

/** Sets tracks up on channels 0-1, 2-3, ... in the order given and plays; returns the session id. */
export async function play(conversation: RtspConversation, url: string, tracks: readonly number[]): Promise<string> {
  let session: string | undefined;
  for (const [index, track] of tracks.entries()) {
    const transport = `RTP/AVP/TCP;unicast;interleaved=${index * 2}-${index * 2 + 1}`;
    const headers = { Transport: transport, ...(session === undefined ? {} : { Session: session }) };
    const answer = await conversation.request('SETUP', `${url}/trackID=${track}`, headers);
    session = sessionOf(answer.headers.get('Session'));
  }
  await conversation.request('PLAY', url, { Session: session ?? '' });
  return session ?? '';
}

export function sessionOf(header: string | undefined): string {
  return header?.split(';')[0] ?? '';
}

export function rtpPackets(payloads: readonly Buffer[]): RtpPacket[] {
  return payloads.flatMap((bytes) => parseRtpPacket(bytes) ?? []);
}

/** The access units of a video channel that are whole. */
export function accessUnits(payloads: readonly Buffer[]): DepacketizedAccessUnit[] {
  const depacketizer = new H264Depacketizer();
  return rtpPackets(payloads).flatMap((packet) => depacketizer.push(packet, false));
}

/** Places of the IDR pictures among access units. */
export function keyframes(units: readonly DepacketizedAccessUnit[]): number[] {
  return units.flatMap(({ nals }, index) => (isKeyframe(nals) ? [index] : []));
}

/** Which frame of the clip an access unit is, -1 when none. */
export function frameOf(accessUnit: DepacketizedAccessUnit, token: SimulatedProfile['token']): number {
  const bytes = Buffer.concat(accessUnit.nals);
  return clips.video[token].accessUnits.findIndex((candidate) => Buffer.concat(candidate).equals(bytes));
}

export interface UdpClient {
  /** For RTP and RTCP. */
  ports: [number, number];
  sockets: [Socket, Socket];
  received: { rtp: Buffer[]; rtcp: Buffer[] };
  /** Ports that sent something. */
  from: Set<number>;
}

/** Datagrams that come to a port pair of our own. */
export async function udpClient(): Promise<UdpClient> {
  const received = { rtp: [] as Buffer[], rtcp: [] as Buffer[] };
  const from = new Set<number>();
  const open = async (kind: 'rtp' | 'rtcp'): Promise<Socket> => {
    const socket = createSocket('udp4');
    socket.on('message', (bytes, sender) => {
      received[kind].push(bytes);
      from.add(sender.port);
    });
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    onTestFinished(() => void socket.close());
    return socket;
  };
  const sockets: [Socket, Socket] = [await open('rtp'), await open('rtcp')];
  return { ports: [sockets[0].address().port, sockets[1].address().port], sockets, received, from };
}
