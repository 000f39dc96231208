import { expect, onTestFinished, vi } from 'vitest';
import type { RtpPacket } from 'werift';
import type { Reason } from '../../../src/base/errors.ts';
import type { IceCandidate } from '../../../src/base/ice.ts';
import { Stream } from '../../../src/media/stream.ts';
import { Session, type WatchedProfile } from '../../../src/peer/session.ts';
import type { SessionState } from '../../../src/plane/messages.ts';
import { H264Camera, IDR, PPS, SPS, videoTrack } from '../media/h264-camera.ts';
import { LOOPBACK, makeViewer, WAIT, type LoopbackViewer } from './webrtc/loopback-viewer.ts';

export const METADATA = 'vnd.onvif.metadata+gzip';
export const CLOSED: Reason = { code: 'test.over', message: 'The test is over.' };

export interface Opened {
  session: Session;
  stream: Stream;
  offers: { offer: string; subprotocols: string[] }[];
  candidates: IceCandidate[];
  states: (string | undefined)[][];
  keyframesAsked: () => number;
  /** Profiles that it went over to at a keyframe. */
  joined: string[];
  /** Times that the viewer opened a channel for metadata, or closed it. */
  metadataOpened: () => number;
}

/** A session that is not started; it ends with the test. */
export function openSession(media: Partial<Pick<WatchedProfile, 'video' | 'audio' | 'talk' | 'metadata'>> = {}): Opened {
  const stream = new Stream({ maxPayload: 1100, keyframeCacheBytes: 1e6, clockOffsetMs: 0, onKeyframeWanted: () => undefined });
  stream.setTracks([
    videoTrack(),
    { ...videoTrack(), kind: 'application', encodingName: 'vnd.onvif.metadata', payloadType: 107 },
  ]);
  const [offers, candidates, states]: [Opened['offers'], IceCandidate[], Opened['states']] = [[], [], []];
  const joined: string[] = [];
  let asked = 0;
  let opened = 0;
  const session = new Session({
    id: 's1',
    cameraId: 'yard',
    profile: 'main',
    watched: {
      stream,
      video: 'H264',
      audio: undefined,
      talk: false,
      metadata: undefined,
      requestKeyframe: () => (asked += 1),
      ...media,
    },
    ice: LOOPBACK,
    iceServers: [],
    clock: { now: () => Date.now() },
    events: {
      offer: (offer, subprotocols) => offers.push({ offer, subprotocols }),
      candidate: (candidate) => candidates.push(candidate),
      answered: () => undefined,
      metadata: () => (opened += 1),
      joined: (profile) => joined.push(profile),
      state: (state: SessionState, reason?: Reason) => states.push(reason === undefined ? [state] : [state, reason.code]),
    },
  });
  onTestFinished(() => session.close(CLOSED));
  return { session, stream, offers, candidates, states, keyframesAsked: () => asked, joined, metadataOpened: () => opened };
}

export interface Watching extends Opened {
  viewer: LoopbackViewer;
  /** What the viewer received. */
  packets: RtpPacket[];
}

/** A started session with a viewer that has answered and has its candidates on the way. */
export async function watch(
  opened: Opened,
  subprotocols: string[],
  rewrite: (answer: string) => string = (answer) => answer,
): Promise<Watching> {
  const viewer = makeViewer();
  await opened.session.start();
  const answer = await viewer.answer(opened.offers[0]?.offer ?? '');
  const packets: RtpPacket[] = [];
  viewer.transport.onRtp.subscribe((packet) => packets.push(packet));
  await opened.session.answer(rewrite(answer), subprotocols);
  await viewer.gather((candidate) => void opened.session.addCandidate(candidate));
  return { ...opened, viewer, packets };
}

export async function reaches(opened: Opened, ...state: string[]): Promise<void> {
  await vi.waitFor(() => expect(opened.states.at(-1)).toEqual(state), WAIT);
}

export function sendKeyframe(stream: Stream): void {
  for (const packet of new H264Camera().picture([SPS, PPS, IDR])) stream.receiveRtp(0, packet, Date.now());
}

/** The answer of a viewer that will not take one kind of media (RFC 3264 section 6, RFC 9143 section 7.3.3). */
export function reject(answer: string, kind: 'audio' | 'video' | 'application'): string {
  const mid = String(['video', 'audio', 'application'].indexOf(kind));
  const sections = answer.split(/(?=^m=)/m);
  return sections
    .map((section, index) => {
      if (index === 0) return section.replace(/^a=group:BUNDLE .*$/m, (line) => line.replace(` ${mid}`, ''));
      return section.startsWith(`m=${kind}`) ? section.replace(/^m=\w+ \d+/, `m=${kind} 0`) : section;
    })
    .join('');
}

let metadataSequence = 0;

/** One document in one packet of the metadata track, by hand (ONVIF Streaming section 5.1.2.1.1). */
export function sendDocument(stream: Stream, xml: string): void {
  const header = Buffer.from('80eb00000000000000000009', 'hex');
  header.writeUInt16BE((metadataSequence += 1), 2);
  stream.receiveRtp(1, Buffer.concat([header, Buffer.from(xml)]), Date.now());
}
