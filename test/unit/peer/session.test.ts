import { parse } from 'sdp-transform';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { RtcpMessage } from '../../../src/media/rtp/rtcp.ts';
import { CircuitBreaker, type CircuitBreak } from '../../../src/peer/egress/circuit-breaker.ts';
import { ViewerEgress } from '../../../src/peer/egress/viewer-egress.ts';
import { receiveRtcp } from '../../../src/peer/webrtc/received-rtcp.ts';
import { DevicePeer } from '../../../src/peer/webrtc/device-peer.ts';
import { PathWatch } from '../../../src/peer/webrtc/ice/path-watch.ts';
import { IDR, videoTrack } from '../media/h264-camera.ts';
import { CLOSED, METADATA, openSession, reaches, reject, sendDocument, sendKeyframe, watch } from './session-fixture.ts';
import { WAIT } from './webrtc/loopback-viewer.ts';

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
      requestedProfile: 'main',
      videoCodec: 'H264',
      videoConverted: false,
      audioCodec: null,
      state: 'live',
      packetsSent: packets.length,
      packetsRetransmitted: 0,
      retransmissionsRefused: 0,
      packetsDropped: 0,
      skipsStalled: 0,
      skipsSilent: 0,
      keyframeRequests: 0,
      fractionLost: null,
      roundTripMs: null,
      estimatedKbps: null,
      sentKbps: 0,
      videoSsrc: packets[0]?.header.ssrc,
      path: { local: 'host', remote: expect.stringMatching(/^(host|prflx)$/) as unknown, transport: 'udp' },
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
    await viewer.leave();
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

  it('ends with the reason where its stream cannot be made ready for the viewer', async () => {
    const opened = openSession();
    vi.spyOn(opened.stream, 'addReader').mockImplementation(() => {
      throw new RangeError('out of range');
    });
    await watch(opened, []);
    await reaches(opened, 'closed', 'internal');
    expect(opened.stream.readers).toBe(0);
  });

  it.each<[CircuitBreak, string]>([
    ['congestion', 'session.congestion'],
    ['media-timeout', 'session.nothing_arrives'],
    ['rtcp-timeout', 'session.no_reports'],
  ])('ends with the reason where nothing more may be sent: %s', async (why, code) => {
    const opened = openSession();
    const { viewer, packets } = await watch(opened, []);
    await reaches(opened, 'live');
    sendKeyframe(opened.stream);
    await vi.waitUntil(() => packets.length > 0, WAIT);
    const breaker = vi.spyOn(CircuitBreaker.prototype, 'report').mockReturnValue(why);
    onTestFinished(() => breaker.mockRestore());
    const report = Buffer.concat([Buffer.from('81c9000700000001', 'hex'), Buffer.alloc(24)]);
    report.writeUInt32BE(packets[0]?.header.ssrc ?? 0, 8);
    await viewer.sendRtcp(report);
    await reaches(opened, 'closed', code);
    expect(opened.stream.readers).toBe(0);
  });

  it('that ends says goodbye to its viewer by RTCP, from the sources of picture and sound', async () => {
    const opened = openSession();
    const { viewer } = await watch(opened, []);
    await reaches(opened, 'live');
    await vi.waitUntil(() => viewer.transport.state === 'connected', WAIT);
    const heard: RtcpMessage[] = [];
    receiveRtcp(viewer.transport, (message) => heard.push(message));
    opened.session.close(CLOSED);
    const sources = Array.from((opened.offers[0]?.offer ?? '').matchAll(/^m=(?:audio|video)[\s\S]*?a=ssrc:(\d+)/gm), ([, ssrc]) =>
      Number(ssrc),
    );
    await vi.waitFor(() => expect(heard.at(-1)).toEqual({ type: 'bye', ssrcs: sources }), WAIT);
  });

  it('lets nothing that the viewer reports end it while its path is in doubt, and begins anew with the one that is found', async () => {
    const opened = openSession();
    const begins = vi.spyOn(ViewerEgress.prototype, 'beginPath');
    const reports = vi.spyOn(ViewerEgress.prototype, 'sendReports');
    const path = vi.spyOn(PathWatch.prototype, 'check').mockReturnValue('failing');
    for (const spy of [begins, reports, path]) onTestFinished(() => spy.mockRestore());
    await watch(opened, []);
    await reaches(opened, 'live');
    await vi.waitFor(() => expect(opened.offers).toHaveLength(2), WAIT);
    opened.session.refused(CLOSED);
    begins.mockClear();
    await vi.waitFor(() => expect(begins).toHaveBeenCalledTimes(2), WAIT);
    expect(begins.mock.calls).toEqual([[false], [false]]);
    path.mockReturnValue('well');
    await vi.waitFor(() => expect(begins).toHaveBeenLastCalledWith(true), WAIT);
    reports.mockClear();
    begins.mockClear();
    await vi.waitFor(() => expect(reports).toHaveBeenCalledTimes(2), WAIT);
    expect(begins).not.toHaveBeenCalled();
  });

  it('that is closed obeys its viewer no more, however long the goodbye takes', async () => {
    const opened = openSession();
    const { viewer } = await watch(opened, []);
    await reaches(opened, 'live');
    await vi.waitUntil(() => viewer.transport.state === 'connected', WAIT);
    const close = vi.spyOn(DevicePeer.prototype, 'close').mockResolvedValue(undefined);
    opened.session.close(CLOSED);
    const [peer] = close.mock.contexts as DevicePeer[];
    close.mockRestore();
    onTestFinished(() => peer?.close());
    const asked = opened.keyframesAsked();
    // PLI of any picture; what is opened behind it is there later.
    await viewer.sendRtcp(Buffer.from('81ce00020000000100000000', 'hex'));
    await viewer.openChannel('chat');
    expect(opened.keyframesAsked()).toBe(asked);
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

describe('the offer of a session', () => {
  // ONVIF WebRTC section 6.6; what is not known may be there.
  it.each<[boolean | undefined, boolean, string | undefined, string | undefined]>([
    [true, false, 'sendonly', '111 0 8'],
    [undefined, false, 'sendonly', '111 0 8'],
    [false, true, 'recvonly', '0 8 111'],
    [true, true, 'sendrecv', '0 8 111'],
    [false, false, undefined, undefined],
  ])(
    'of a profile with sound %s and a decoder %s has the sound %s with %s, and data channels always',
    async (audio, talk, ...sound) => {
      const { session, offers } = openSession({ audio, talk });
      await session.start();
      const { media } = parse(offers[0]?.offer ?? '');
      const section = media.find(({ type }) => type === 'audio');
      expect([section?.direction, section?.payloads]).toEqual(sound);
      expect(media.at(-1)?.type).toBe('application');
    },
  );
});

describe('a session that is refused', () => {
  it('ends before it was answered, and goes on when it was', async () => {
    const refused = openSession();
    await refused.session.start();
    refused.session.refused(CLOSED);
    expect(refused.states.at(-1)).toEqual(['closed', CLOSED.code]);
    const opened = openSession();
    await watch(opened, []);
    await reaches(opened, 'live');
    opened.session.refused(CLOSED);
    expect(opened.states.at(-1)).toEqual(['live']);
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

  it('that rejects all of it ends it at once', async () => {
    const opened = openSession();
    await watch(opened, [], (answer) => reject(reject(reject(answer, 'video'), 'audio'), 'application'));
    expect(opened.states.at(-1)).toEqual(['closed', 'session.rejected']);
    expect(opened.session.stats().packetsSent).toBe(0);
  });

  it('that rejects picture and sound leaves the metadata', async () => {
    const opened = openSession();
    const { viewer, stream, session } = await watch(opened, [METADATA], (answer) => reject(reject(answer, 'video'), 'audio'));
    await reaches(opened, 'live');
    await viewer.openChannel(METADATA);
    await vi.waitFor(() => {
      sendDocument(stream, '<a/>');
      expect(session.stats().metadataDocuments).toBeGreaterThan(0);
    }, WAIT);
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

  it('outlasts the 35 s of its invitation, which says that no answer came, and ends by itself soon after', async () => {
    const { session, states } = openSession();
    await session.start();
    vi.advanceTimersByTime(39_999);
    expect(states).toEqual([['connecting']]);
    vi.advanceTimersByTime(1);
    expect(states).toEqual([['connecting'], ['closed', 'session.timeout']]);
  });

  it('that has its answer ends half a minute later for want of a path', async () => {
    vi.spyOn(DevicePeer.prototype, 'accept').mockResolvedValue();
    onTestFinished(() => void vi.restoreAllMocks());
    const { session, states } = openSession();
    await session.start();
    vi.advanceTimersByTime(34_999);
    await session.answer('answer', []);
    vi.advanceTimersByTime(29_999);
    expect(states).toEqual([['connecting']]);
    vi.advanceTimersByTime(1);
    expect(states.at(-1)).toEqual(['closed', 'session.ice']);
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
