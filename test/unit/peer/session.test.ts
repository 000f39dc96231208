import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { RtpPacket } from 'werift';
import type { Reason } from '../../../src/base/errors.ts';
import type { IceCandidate } from '../../../src/base/ice.ts';
import { Stream } from '../../../src/media/stream.ts';
import { ViewerEgress } from '../../../src/peer/egress/viewer-egress.ts';
import { Session, type WatchedProfile } from '../../../src/peer/session.ts';
import { DevicePeer } from '../../../src/peer/webrtc/device-peer.ts';
import type { SessionState } from '../../../src/plane/messages.ts';
import { H264Camera, IDR, PPS, SPS, videoTrack } from '../media/h264-camera.ts';
import { LOOPBACK, makeViewer, WAIT, type LoopbackViewer } from './webrtc/loopback-viewer.ts';

const METADATA = 'vnd.onvif.metadata+gzip';
const CLOSED: Reason = { code: 'test.over', message: 'The test is over.' };

interface Opened {
  session: Session;
  stream: Stream;
  offers: { offer: string; subprotocols: string[] }[];
  candidates: IceCandidate[];
  states: (string | undefined)[][];
  keyframesAsked: () => number;
}

/** A session that is not started; it ends with the test. */
function openSession(media: Partial<Pick<WatchedProfile, 'audio' | 'metadata'>> = {}): Opened {
  const stream = new Stream({ maxPayload: 1100, keyframeCacheBytes: 1e6, clockOffsetMs: 0, onKeyframeWanted: () => undefined });
  stream.setTracks([
    videoTrack(),
    { ...videoTrack(), kind: 'application', encodingName: 'vnd.onvif.metadata', payloadType: 107 },
  ]);
  const [offers, candidates, states]: [Opened['offers'], IceCandidate[], Opened['states']] = [[], [], []];
  let asked = 0;
  const session = new Session({
    id: 's1',
    cameraId: 'yard',
    profile: 'main',
    watched: { stream, audio: undefined, metadata: undefined, requestKeyframe: () => (asked += 1), ...media },
    ice: LOOPBACK,
    iceServers: [],
    clock: { now: () => Date.now() },
    events: {
      offer: (offer, subprotocols) => offers.push({ offer, subprotocols }),
      candidate: (candidate) => candidates.push(candidate),
      state: (state: SessionState, reason?: Reason) => states.push(reason === undefined ? [state] : [state, reason.code]),
    },
  });
  onTestFinished(() => session.close(CLOSED));
  return { session, stream, offers, candidates, states, keyframesAsked: () => asked };
}

interface Watching extends Opened {
  viewer: LoopbackViewer;
  /** What the viewer received. */
  packets: RtpPacket[];
}

/** A started session with a viewer that has answered and has its candidates on the way. */
async function watch(
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

async function reaches(opened: Opened, ...state: string[]): Promise<void> {
  await vi.waitFor(() => expect(opened.states.at(-1)).toEqual(state), WAIT);
}

function sendKeyframe(stream: Stream): void {
  for (const packet of new H264Camera().picture([SPS, PPS, IDR])) stream.receiveRtp(0, packet, Date.now());
}

describe('a session with a viewer', () => {
  it('goes live, starts the viewer at the cached keyframe, and counts what it sends', async () => {
    const opened = openSession();
    sendKeyframe(opened.stream);
    const openedAt = Date.now();
    const { session, packets, states, stream } = await watch(opened, []);
    await reaches(opened, 'live');
    expect(states).toEqual([['connecting'], ['live']]);
    await vi.waitUntil(() => packets.at(-1)?.header.marker === true, WAIT);
    expect(opened.keyframesAsked()).toBe(0);
    expect(stream.readers).toBe(1);
    const { openedAt: counted, firstPacketMs, bytesSent, ...rest } = session.stats();
    expect(Math.abs(counted - openedAt)).toBeLessThan(1000);
    expect(firstPacketMs).toBeGreaterThan(0);
    expect(bytesSent).toBeGreaterThan(IDR.length);
    expect(rest).toEqual({
      sessionId: 's1',
      cameraId: 'yard',
      profile: 'main',
      state: 'live',
      packetsSent: packets.length,
      packetsRetransmitted: 0,
      packetsDropped: 0,
      keyframeRequests: 0,
      fractionLost: null,
      roundTripMs: null,
      metadataDocuments: 0,
      metadataDropped: 0,
    });
  });

  it('asks for a keyframe where none is cached, and where the viewer asks', async () => {
    const opened = openSession();
    const { viewer, session, packets, stream } = await watch(opened, []);
    await reaches(opened, 'live');
    expect(opened.keyframesAsked()).toBe(1);
    sendKeyframe(stream);
    await vi.waitUntil(() => packets.length > 0, WAIT);
    const pictureLoss = Buffer.from('81ce00020000000100000000', 'hex');
    pictureLoss.writeUInt32BE(packets[0]?.header.ssrc ?? 0, 8);
    await viewer.sendRtcp(pictureLoss);
    await vi.waitFor(() => expect(session.stats().keyframeRequests).toBe(1), WAIT);
    expect(opened.keyframesAsked()).toBe(2);
  });

  it('ends when the viewer leaves, and takes nothing more from the stream', async () => {
    const opened = openSession();
    const { viewer, stream } = await watch(opened, []);
    await reaches(opened, 'live');
    const closeNotify = Buffer.from('15fefd000000000000000000020100', 'hex');
    await viewer.transport.iceTransport.connection.send(closeNotify);
    await reaches(opened, 'closed', 'session.left');
    expect(stream.readers).toBe(0);
  });

  it('ends with the reason where what serves the viewer fails', async () => {
    const opened = openSession();
    await watch(opened, []);
    await reaches(opened, 'live');
    const faulty = vi.spyOn(ViewerEgress.prototype, 'video').mockImplementation(() => {
      throw new TypeError('faulty');
    });
    onTestFinished(() => faulty.mockRestore());
    sendKeyframe(opened.stream);
    await reaches(opened, 'closed', 'internal');
    expect(opened.stream.readers).toBe(0);
  });

  it('that is closed twice says so once, with the first reason', async () => {
    const opened = openSession();
    await watch(opened, []);
    await reaches(opened, 'live');
    opened.session.close(CLOSED);
    opened.session.close({ code: 'test.again', message: '' });
    expect(opened.states).toEqual([['connecting'], ['live'], ['closed', 'test.over']]);
    expect([opened.stream.readers, opened.session.stats().state]).toEqual([0, 'closed']);
  });
});

describe('metadata of a session', () => {
  it('goes over the channel that the viewer opened, where both sides listed it', async () => {
    const opened = openSession();
    const { viewer, session, offers, stream } = await watch(opened, [METADATA]);
    expect(offers[0]?.subprotocols).toEqual([METADATA]);
    const channel = await viewer.openChannel(METADATA);
    const messages: Buffer[] = [];
    channel.onMessage.subscribe((message) => messages.push(Buffer.from(message)));
    const document = '<tt:MetadataStream xmlns:tt="http://www.onvif.org/ver10/schema"/>';
    await vi.waitFor(() => {
      sendDocument(stream, document);
      expect(messages.length).toBeGreaterThan(0);
    }, WAIT);
    expect(messages[0]?.subarray(0, 2)).toEqual(gzipSync('').subarray(0, 2));
    expect(session.stats().metadataDocuments).toBeGreaterThan(0);
  });

  it.each([
    ['that the viewer did not list in its answer', METADATA, []],
    ['of another protocol', 'chat', [METADATA, 'chat']],
  ])('is not sent over a channel %s: it is closed', async (_, protocol, subprotocols) => {
    const opened = openSession();
    const { viewer } = await watch(opened, subprotocols);
    const channel = viewer.connection.createDataChannel('', { protocol });
    await vi.waitFor(() => expect(channel.readyState).toBe('closed'), WAIT);
  });

  it('is not offered, and its channel closed, where the profile has none', async () => {
    const opened = openSession({ metadata: false });
    const { viewer, offers } = await watch(opened, [METADATA]);
    expect(offers[0]?.subprotocols).toEqual([]);
    const channel = viewer.connection.createDataChannel('', { protocol: METADATA });
    await vi.waitFor(() => expect(channel.readyState).toBe('closed'), WAIT);
  });
});

describe('the answer of a session', () => {
  it('that rejects the video leaves the sound', async () => {
    const opened = openSession();
    const { stream, packets } = await watch(opened, [], (answer) => reject(answer, 'video'));
    await reaches(opened, 'live');
    stream.setTracks([{ ...videoTrack(), kind: 'audio', encodingName: 'PCMU', payloadType: 0, clockRate: 8000 }]);
    const sound = Buffer.concat([Buffer.from('80000001000000000000000a', 'hex'), Buffer.alloc(160, 0xff)]);
    stream.receiveRtp(0, sound, Date.now());
    await vi.waitFor(() => expect(packets.map(({ header }) => header.payloadType)).toEqual([0]), WAIT);
  });

  it('that rejects picture and sound ends it', async () => {
    const opened = openSession();
    await watch(opened, [], (answer) => reject(reject(answer, 'video'), 'audio'));
    await reaches(opened, 'closed', 'session.rejected');
    expect(opened.session.stats().packetsSent).toBe(0);
  });

  it.each([['no session description'], [''], ['v=0\r\nm=video'], ['v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n']])(
    'that is malformed (%j) ends it',
    async (sdp) => {
      const opened = openSession();
      await opened.session.start();
      await opened.session.answer(sdp, []);
      expect(opened.states.at(-1)).toEqual(['closed', 'session.answer']);
    },
  );

  it('is taken once', async () => {
    const opened = openSession();
    const accept = vi.spyOn(DevicePeer.prototype, 'accept');
    onTestFinished(() => accept.mockRestore());
    await watch(opened, []);
    await opened.session.answer('another', []);
    expect(accept).toHaveBeenCalledTimes(1);
    await reaches(opened, 'live');
  });
});

describe('candidates of a session', () => {
  let taken: string[];
  beforeEach(() => {
    taken = [];
    vi.spyOn(DevicePeer.prototype, 'accept').mockImplementation(() => {
      taken.push('answer');
      return Promise.resolve();
    });
    vi.spyOn(DevicePeer.prototype, 'addCandidate').mockImplementation(({ candidate }) => {
      taken.push(candidate);
      return candidate === 'bad' ? Promise.reject(new Error('bad')) : Promise.resolve();
    });
  });
  afterEach(() => void vi.restoreAllMocks());

  it('that come before the answer wait for it, in order; a bad one costs no other', async () => {
    const { session } = openSession();
    const added = ['1', 'bad', '2', ''].map((candidate) => session.addCandidate({ candidate }));
    const settled = Promise.allSettled(added);
    expect(taken).toEqual([]);
    await session.answer('answer', []);
    expect((await settled).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
    await session.addCandidate({ candidate: '3' });
    expect(taken).toEqual(['answer', '1', 'bad', '2', '', '3']);
  });

  it('that wait are bounded; after the answer any number may come', async () => {
    const { session } = openSession();
    const added = Array.from({ length: 64 }, () => session.addCandidate({ candidate: 'early' }));
    await expect(session.addCandidate({ candidate: 'late' })).rejects.toMatchObject({ code: 'session.candidate' });
    await session.answer('answer', []);
    await Promise.all(added);
    await session.addCandidate({ candidate: 'after' });
    expect(taken.filter((candidate) => candidate === 'early')).toHaveLength(64);
    expect(taken.slice(-1)).toEqual(['after']);
  });
});

describe('a session without a viewer', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] }));
  afterEach(() => void vi.useRealTimers());

  it('ends after half a minute', async () => {
    const { session, states } = openSession();
    await session.start();
    vi.advanceTimersByTime(29_999);
    expect(states).toEqual([['connecting']]);
    vi.advanceTimersByTime(1);
    expect(states).toEqual([['connecting'], ['closed', 'session.timeout']]);
  });

  it('that was closed leaves no timer', async () => {
    const { session } = openSession();
    const before = vi.getTimerCount();
    await session.start();
    session.close(CLOSED);
    expect(vi.getTimerCount()).toBe(before);
  });

  it('that was closed before it made its offer says nothing more', async () => {
    const { session, states, offers, candidates } = openSession();
    const started = session.start();
    session.close(CLOSED);
    await started;
    expect([states.at(-1), offers, candidates]).toEqual([['closed', 'test.over'], [], []]);
  });
});

/** The answer of a viewer that will not take one kind of media (RFC 3264 section 6, RFC 9143 section 7.3.3). */
function reject(answer: string, kind: 'audio' | 'video'): string {
  const mid = kind === 'video' ? '0' : '1';
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
function sendDocument(stream: Stream, xml: string): void {
  const header = Buffer.from('80eb00000000000000000009', 'hex');
  header.writeUInt16BE((metadataSequence += 1), 2);
  stream.receiveRtp(1, Buffer.concat([header, Buffer.from(xml)]), Date.now());
}
