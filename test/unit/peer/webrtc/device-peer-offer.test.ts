import { createSocket, Socket } from 'node:dgram';
import { promises } from 'node:dns';
import { once } from 'node:events';
import { parse } from 'sdp-transform';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { VideoCodec } from '../../../../src/media/viewer-codecs.ts';
import type { OfferedAudio } from '../../../../src/peer/webrtc/offer.ts';
import { makePeer, OFFERED, type Told, WAIT } from './loopback-viewer.ts';

const MID = 'urn:ietf:params:rtp-hdrext:sdes:mid';
const SEND_TIME = 'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time';
const PLAYOUT_DELAY = 'http://www.webrtc.org/experiments/rtp-hdrext/playout-delay';
const TRANSPORT_SEQUENCE = 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01';

async function gathered(told: Told): Promise<void> {
  await vi.waitUntil(() => told.candidates.at(-1)?.candidate === '', WAIT);
}

/** Where UDP sockets are bound, and what they would send to and look up while the test runs: nothing goes out. */
function watchSockets(): { bound: () => Set<string>; sentTo: Set<string> } {
  const bind = vi.spyOn(Socket.prototype, 'bind');
  const sentTo = new Set<string>();
  const send = vi.spyOn(Socket.prototype, 'send').mockImplementation((...parameters: unknown[]) => {
    sentTo.add(String(parameters.find((parameter) => typeof parameter === 'string')));
  });
  const lookup = vi.spyOn(promises, 'lookup').mockImplementation((host: string) => {
    sentTo.add(host);
    return Promise.reject(new Error('no names here'));
  });
  const addresses = new Set<string>();
  onTestFinished(() => {
    for (const spy of [bind, send, lookup]) spy.mockRestore();
  });
  return {
    sentTo,
    bound: () => {
      for (const socket of bind.mock.contexts) if (socket instanceof Socket) addresses.add(socket.address().address);
      return addresses;
    },
  };
}

describe('the offer', () => {
  it('is one BUNDLE of video, audio and data channels, ready for trickle, with the role of DTLS left to the viewer', async () => {
    const { peer } = makePeer();
    const sdp = await peer.offer(OFFERED);
    const { media, groups, iceOptions } = parse(sdp);
    expect(media.map(({ type }) => type)).toEqual(['video', 'audio', 'application']);
    expect(groups).toEqual([{ type: 'BUNDLE', mids: media.map(({ mid }) => mid).join(' ') }]);
    expect([iceOptions, ...media.map((section) => section.iceOptions)]).toEqual(['trickle', 'trickle', 'trickle', 'trickle']);
    expect(media.map(({ setup }) => setup)).toEqual(['actpass', 'actpass', 'actpass']);
    for (const section of media.slice(0, 2)) {
      expect(section).toMatchObject({
        protocol: 'UDP/TLS/RTP/SAVPF',
        direction: 'sendonly',
        rtcpMux: 'rtcp-mux',
        rtcpRsize: 'rtcp-rsize',
      });
    }
    expect(sdp.match(/^a=rtcp-mux-only$/gm)).toHaveLength(2);
    const [first, ...others] = Array.from(sdp.matchAll(/^a=tls-id:([\w+/-]{20,255})$/gm), ([, id]) => id);
    expect(others).toEqual([first, first]);
    const [videoMidIds, audioMidIds] = media.map(({ ext = [] }) =>
      ext.filter(({ uri }) => uri === MID).map(({ value }) => value),
    );
    expect(videoMidIds).toHaveLength(1);
    expect(audioMidIds).toEqual(videoMidIds);
    expect(media[2]).toMatchObject({ protocol: 'UDP/DTLS/SCTP', sctpPort: 5000 });
  });

  it('numbers the packets of the transport and says when they were sent, by the same ids in the whole BUNDLE', async () => {
    const { peer } = makePeer();
    const [video, audio] = parse(await peer.offer(OFFERED)).media;
    const idsOf = (uri: string): (number | undefined)[] =>
      [video, audio].map((section) => section?.ext?.find((extension) => extension.uri === uri)?.value);
    for (const uri of [TRANSPORT_SEQUENCE, SEND_TIME]) {
      const [first, second] = idsOf(uri);
      expect(first).toBeGreaterThan(0);
      expect(second).toBe(first);
    }
    const all = new Set([...(video?.ext ?? []), ...(audio?.ext ?? [])].map(({ value, uri }) => `${value} ${uri}`));
    expect(new Set([...all].map((each) => Number.parseInt(each, 10))).size).toBe(all.size);
    expect(audio?.rtcpFb?.map(({ type }) => type)).toEqual(audio?.rtp.map(() => 'transport-cc'));
  });

  it('can say of pictures, not of sound, how long they are to be held back', async () => {
    const { peer } = makePeer();
    const [video, audio] = parse(await peer.offer(OFFERED)).media;
    expect(video?.ext?.map(({ uri }) => uri)).toContain(PLAYOUT_DELAY);
    expect(audio?.ext?.map(({ uri }) => uri)).not.toContain(PLAYOUT_DELAY);
  });

  it.each<OfferedAudio['direction']>(['sendrecv', 'recvonly'])(
    'does not ask a viewer that speaks (%s) to number its packets: nobody would give it the feedback',
    async (direction) => {
      const { peer } = makePeer();
      const sdp = await peer.offer({ video: ['H264'], audio: { direction, codecs: ['PCMU'] } });
      const [video, audio] = parse(sdp).media;
      expect(audio?.ext?.map(({ uri }) => uri)).not.toContain(TRANSPORT_SEQUENCE);
      expect(audio?.rtcpFb ?? []).toEqual([]);
      expect(video?.ext?.map(({ uri }) => uri)).toContain(TRANSPORT_SEQUENCE);
    },
  );

  it('has sound and picture in one stream under one name, so that a browser brings them in step', async () => {
    const { peer } = makePeer();
    const media = parse(await peer.offer(OFFERED)).media.slice(0, 2);
    const streams = media.map(({ msid }) => (Array.isArray(msid) ? msid[0]?.id : String(msid).split(' ')[0]));
    expect(streams[0]).toMatch(/^[^\s-]\S+$/);
    expect(streams[1]).toBe(streams[0]);
    const names = media.flatMap(({ ssrcs = [] }) =>
      ssrcs.filter(({ attribute }) => attribute === 'cname').map(({ value }) => value),
    );
    expect(names.length).toBeGreaterThanOrEqual(2);
    expect(new Set(names).size).toBe(1);
  });

  it('lists H.264 as constrained baseline in packetization mode 1 with its feedback, and its retransmission', async () => {
    const { peer } = makePeer();
    const [video] = parse(await peer.offer(OFFERED)).media;
    expect(video?.rtp.map(({ codec, rate }) => `${codec}/${rate}`)).toEqual(['H264/90000', 'rtx/90000']);
    const [h264, rtx] = video?.rtp.map(({ payload }) => payload) ?? [];
    const formats = new Map(video?.fmtp.map(({ payload, config }) => [payload, config.split(';').sort()]));
    expect(formats.get(h264 ?? -1)).toEqual(['level-asymmetry-allowed=1', 'packetization-mode=1', 'profile-level-id=42e01f']);
    expect(formats.get(rtx ?? -1)).toEqual([`apt=${h264}`]);
    const feedback = video?.rtcpFb?.filter(({ payload }) => Number(payload) === h264);
    expect(feedback?.map(({ type, subtype }) => [type, subtype ?? ''].join(' ').trim()).sort()).toEqual([
      'ccm fir',
      'ccm tmmbr',
      'goog-remb',
      'nack',
      'nack pli',
      'transport-cc',
    ]);
    expect(video?.ssrcGroups).toMatchObject([{ semantics: 'FID' }]);
  });

  it.each<[VideoCodec[], string, string[]]>([
    [['H264'], '102 103', ['102']],
    [['H265', 'H264'], '104 102 103 105', ['104', '102']],
    [['H264', 'H265'], '102 104 103 105', ['102', '104']],
  ])('lists %s in this order of preference, in one section, and a retransmission of each', async (video, listed, codecs) => {
    const { peer } = makePeer();
    const [section, ...others] = parse(await peer.offer({ video })).media;
    expect(others.map(({ type }) => type)).toEqual(['application']);
    expect(section?.payloads).toBe(listed);
    const repaired = section?.fmtp.flatMap(({ config }) => /^apt=(\d+)$/.exec(config)?.[1] ?? []);
    expect(repaired?.sort()).toEqual(codecs.toSorted());
    for (const codec of codecs) expect(section?.rtcpFb?.filter(({ payload }) => String(payload) === codec)).toHaveLength(6);
  });

  it.each<[OfferedAudio['direction'], boolean]>([
    ['sendonly', true],
    ['sendrecv', true],
    ['recvonly', false],
  ])(
    'has the sound %s in the order of the codecs that are preferred, and in a stream (%s) where it is sent',
    async (direction, sent) => {
      const { peer } = makePeer();
      const offer = await peer.offer({ ...OFFERED, audio: { direction, codecs: ['PCMU', 'PCMA', 'OPUS'] } });
      const [, audio] = parse(offer).media;
      expect([audio?.direction, audio?.payloads, audio?.rtcpMux]).toEqual([direction, '0 8 111', 'rtcp-mux']);
      expect(audio?.msid !== undefined).toBe(sent);
    },
  );

  it('lists no sound for a profile without', async () => {
    const { peer } = makePeer();
    expect(parse(await peer.offer({ video: ['H264'] })).media.map(({ type }) => type)).toEqual(['video', 'application']);
  });

  it('goes out before candidates are gathered; they are trickled, and an empty one says that there are no more', async () => {
    const { peer, told } = makePeer();
    const sdp = await peer.offer(OFFERED);
    expect(sdp).not.toMatch(/a=(candidate|end-of-candidates)/);
    expect(told.candidates).toEqual([]);
    await gathered(told);
    const marks = told.candidates.filter(({ candidate }) => candidate === '');
    const mid = String(parse(sdp).media[0]?.mid);
    expect(marks).toEqual([{ candidate: '', sdpMid: mid, sdpMLineIndex: 0 }]);
    expect(told.candidates.length).toBeGreaterThan(1);
    for (const { candidate, sdpMid, sdpMLineIndex } of told.candidates.slice(0, -1)) {
      expect(candidate).toMatch(/^candidate:\S+ 1 (udp \d+ \S+ \d+ typ host|tcp \d+ \S+ 9 typ host tcptype active)/);
      expect([sdpMid, sdpMLineIndex]).toEqual([mid, 0]);
    }
  });
});

describe('ICE of a peer', () => {
  it.each([['none'], ['TURN alone', 'turn:127.0.0.1:9'], ['what is no URL', 'stun:', 'stun', 'http://127.0.0.1']])(
    'on loopback announces and binds nothing else, and with %s for servers asks none',
    async (_, ...urls) => {
      const sockets = watchSockets();
      const { peer, told } = makePeer({ iceServers: urls.length === 0 ? [] : [{ urls }] });
      await peer.offer(OFFERED);
      await gathered(told);
      expect(new Set(told.candidates.slice(0, -1).map(({ candidate }) => candidate.split(' ')[4]))).toEqual(
        new Set(['127.0.0.1']),
      );
      expect(sockets.bound()).toEqual(new Set(['127.0.0.1']));
      expect(sockets.sentTo).toEqual(new Set());
    },
  );

  it('asks the STUN server that is configured, and announces what it says', async () => {
    const server = createSocket('udp4').bind(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    server.on('message', (request, { port }) => server.send(stunAnswer(request, '203.0.113.7', 4711), port, '127.0.0.1'));
    const { peer, told } = makePeer({ iceServers: [{ urls: [`stun:127.0.0.1:${server.address().port}`] }] });
    await peer.offer(OFFERED);
    await gathered(told);
    expect(told.candidates.map(({ candidate }) => candidate).join('\n')).toMatch(/ 203\.0\.113\.7 4711 typ srflx/);
  });

  it('that is closed before it made its offer, or twice, leaves nothing open', async () => {
    const { peer, told } = makePeer();
    await peer.close();
    await peer.close();
    expect(told.disconnected).toEqual([]);
  });
});

/** A binding success response with an XOR-MAPPED-ADDRESS (RFC 8489 sections 5 and 14.2). */
function stunAnswer(request: Buffer, address: string, port: number): Buffer {
  const answer = Buffer.alloc(32);
  answer.writeUInt16BE(0x0101, 0);
  answer.writeUInt16BE(12, 2);
  request.copy(answer, 4, 4, 20);
  answer.writeUInt16BE(0x0020, 20);
  answer.writeUInt16BE(8, 22);
  answer.writeUInt8(1, 25);
  answer.writeUInt16BE(port ^ 0x2112, 26);
  for (const [at, octet] of address.split('.').entries()) answer.writeUInt8(Number(octet) ^ answer.readUInt8(4 + at), 28 + at);
  return answer;
}
