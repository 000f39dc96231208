import { createSocket, Socket } from 'node:dgram';
import { promises } from 'node:dns';
import { once } from 'node:events';
import { parse } from 'sdp-transform';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { LOOPBACK, makePeer, WAIT, type Told } from './loopback-viewer.ts';

const MID = 'urn:ietf:params:rtp-hdrext:sdes:mid';

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
    const sdp = await peer.offer();
    const { media, groups, iceOptions } = parse(sdp);
    expect(media.map(({ type }) => type)).toEqual(['video', 'audio', 'application']);
    expect(groups).toEqual([{ type: 'BUNDLE', mids: media.map(({ mid }) => mid).join(' ') }]);
    expect([iceOptions, ...media.map((section) => section.iceOptions)]).toContain('trickle');
    expect(media.map(({ setup }) => setup)).toEqual(['actpass', 'actpass', 'actpass']);
    for (const section of media.slice(0, 2)) expect(section).toMatchObject({ rtcpMux: 'rtcp-mux', direction: 'sendonly' });
    const [videoMidIds, audioMidIds] = media.map(({ ext = [] }) =>
      ext.filter(({ uri }) => uri === MID).map(({ value }) => value),
    );
    expect(videoMidIds).toHaveLength(1);
    expect(audioMidIds).toEqual(videoMidIds);
    expect(media[2]).toMatchObject({ protocol: 'UDP/DTLS/SCTP', sctpPort: 5000 });
  });

  it('has sound and picture in one stream under one name, so that a browser brings them in step', async () => {
    const { peer } = makePeer();
    const media = parse(await peer.offer()).media.slice(0, 2);
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
    const [video] = parse(await peer.offer()).media;
    expect(video?.rtp.map(({ codec, rate }) => `${codec}/${rate}`)).toEqual(['H264/90000', 'rtx/90000']);
    const [h264, rtx] = video?.rtp.map(({ payload }) => payload) ?? [];
    const formats = new Map(video?.fmtp.map(({ payload, config }) => [payload, config.split(';').sort()]));
    expect(formats.get(h264 ?? -1)).toEqual(['level-asymmetry-allowed=1', 'packetization-mode=1', 'profile-level-id=42e01f']);
    expect(formats.get(rtx ?? -1)).toEqual([`apt=${h264}`]);
    const feedback = video?.rtcpFb?.filter(({ payload }) => Number(payload) === h264);
    expect(feedback?.map(({ type, subtype }) => [type, subtype ?? ''].join(' ').trim()).sort()).toEqual([
      'ccm fir',
      'nack',
      'nack pli',
    ]);
    expect(video?.ssrcGroups).toMatchObject([{ semantics: 'FID' }]);
  });

  it('lists no sound for a profile without', async () => {
    const { peer } = makePeer({ audio: false });
    expect(parse(await peer.offer()).media.map(({ type }) => type)).toEqual(['video', 'application']);
  });

  it('goes out before candidates are gathered; they are trickled, and an empty one says that there are no more', async () => {
    const { peer, told } = makePeer();
    const sdp = await peer.offer();
    expect(sdp).not.toMatch(/a=(candidate|end-of-candidates)/);
    expect(told.candidates).toEqual([]);
    await gathered(told);
    const marks = told.candidates.filter(({ candidate }) => candidate === '');
    const mid = String(parse(sdp).media[0]?.mid);
    expect(marks).toEqual([{ candidate: '', sdpMid: mid, sdpMLineIndex: 0 }]);
    expect(told.candidates.length).toBeGreaterThan(1);
    for (const { candidate, sdpMid, sdpMLineIndex } of told.candidates.slice(0, -1)) {
      expect(candidate).toMatch(/^candidate:\S+ 1 udp \d+ \S+ \d+ typ host/);
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
      await peer.offer();
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
    const { peer, told } = makePeer({
      ice: { ...LOOPBACK, iceServers: [{ urls: [`stun:127.0.0.1:${server.address().port}`] }] },
    });
    await peer.offer();
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
