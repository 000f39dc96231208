import { isDeepStrictEqual } from 'node:util';
import { crc32 } from 'node:zlib';
import { formatAuthorization, parseChallenges, strongestChallenge, verifyAuthorization } from '../../../src/camera/rtsp/auth.ts';
import { baseUrl, controlUrl } from '../../../src/camera/rtsp/control-url.ts';
import { encodeInterleaved, InterleavedParser, type InterleavedItem } from '../../../src/camera/rtsp/interleaved.ts';
import { encodeRequest, encodeResponse, RtspHeaders } from '../../../src/camera/rtsp/message.ts';
import { rtpStarts } from '../../../src/camera/rtsp/rtp-info.ts';
import { parseSessionDescription } from '../../../src/camera/rtsp/sdp.ts';
import { parseSession } from '../../../src/camera/rtsp/session-header.ts';
import { parseTransport } from '../../../src/camera/rtsp/transport-header.ts';
import { rtspTarget } from '../../../src/camera/rtsp/target.ts';
import { formatRtspUrl, parseRtspUrl } from '../../../src/base/rtsp-url.ts';
import { serviceLocation } from '../../../src/camera/onvif/service-location.ts';
import { corpusFiles, texts } from '../corpus.ts';
import { Random } from '../random.ts';
import { demand, isWithin, type FuzzTarget } from '../target.ts';
import { VIDEO_PACKETS } from './packets.ts';

const RESPONSE = encodeResponse({
  status: 200,
  reason: 'OK',
  headers: new RtspHeaders([
    ['CSeq', '4'],
    ['Session', '12345678;timeout=60'],
    ['Transport', 'RTP/AVP/TCP;unicast;interleaved=0-1;ssrc=0A0B0C0D'],
  ]),
  body: Buffer.alloc(0),
});
const REQUEST = encodeRequest({
  method: 'SET_PARAMETER',
  uri: 'rtsp://192.0.2.20/live',
  headers: new RtspHeaders([['CSeq', '7']]),
  body: Buffer.from('volume: 3\r\n'),
});
const FRAMES = VIDEO_PACKETS.slice(0, 6).map((packet, index) => encodeInterleaved(index % 2, packet));

function parseIn(chunks: readonly Buffer[]): { items: InterleavedItem[]; garbageBytes: number } {
  const items: InterleavedItem[] = [];
  const parser = new InterleavedParser((item) => items.push(item));
  for (const chunk of chunks) parser.push(chunk);
  return { items, garbageBytes: parser.counters.garbageBytes };
}

function chunksOf(input: Buffer): Buffer[] {
  const random = new Random(crc32(input));
  const most = random.pick([1, 3, 1460, 65_536]);
  const chunks: Buffer[] = [];
  // Byte by byte only where that is soon done.
  for (let at = 0; at < input.length;) {
    const size = 1 + random.below(input.length > 8192 ? 65_536 : most);
    chunks.push(input.subarray(at, at + size));
    at += size;
  }
  return chunks;
}

const interleaved: FuzzTarget = {
  name: 'rtsp-interleaved',
  form: 'bytes',
  corpus: [
    Buffer.concat([RESPONSE, ...FRAMES.slice(0, 3), REQUEST, ...FRAMES.slice(3)]),
    Buffer.concat([...FRAMES.slice(0, 2), Buffer.from('garbage\0$'), ...FRAMES.slice(2), RESPONSE]),
    ...corpusFiles(/\.rtsp$/),
  ],
  run(input) {
    const whole = parseIn([input]);
    const inChunks = parseIn(chunksOf(input));
    demand(isDeepStrictEqual(whole, inChunks), 'chunk boundaries change nothing');
    let bytes = whole.garbageBytes;
    for (const item of whole.items) {
      if (item.kind === 'frame') bytes += 4 + item.payload.length;
      else bytes += (item.kind === 'request' ? item.request : item.response).body.length;
      if (item.kind === 'response') demandEncodable(item.response);
    }
    demand(bytes <= input.length, 'no byte is handed on twice');
  },
};

/** What was read can be written, as one message and not as two. */
function demandEncodable(response: Parameters<typeof encodeResponse>[0]): void {
  // A status such as 000 is read, and is no success; nobody writes it.
  if (response.status < 100) return;
  // These become spaces when written, and then a value may mean something else.
  if ([...response.headers].some(([name, value]) => /[\r\0]/.test(name + value))) return;
  const bytes = encodeResponse(response);
  if (bytes.length - response.body.length > 32 * 1024) return;
  const { items } = parseIn([bytes]);
  const [again] = items;
  demand(items.length === 1 && again?.kind === 'response', 'a header of a message is no message of its own');
  demand(
    again.response.status === response.status && again.response.body.equals(response.body),
    'a message read is written alike',
  );
}

const sdp: FuzzTarget = {
  name: 'rtsp-sdp',
  form: 'text',
  corpus: corpusFiles(/\.sdp$/).filter((text) => !text.includes('UDP/TLS')),
  run(input) {
    const { control, tracks } = parseSessionDescription(input.toString('latin1'));
    const base = baseUrl('rtsp://192.0.2.20/live', undefined, undefined);
    demand(controlUrl(base, control).length <= base.length + input.length + 1, 'a control URL is no longer than its parts');
    demand(tracks.length <= 32, 'at most 32 tracks');
    for (const track of tracks) {
      demand(isWithin(track.payloadType, 0, 127), 'payload types have 7 bits');
      demand(isWithin(track.clockRate, 1, 2 ** 32), 'clock rates are positive numbers');
      demand(isWithin(track.channels, 1, 2 ** 32), 'channels are a positive number');
      demand(track.bandwidth === undefined || isWithin(track.bandwidth, 1, 2 ** 53 - 1), 'a bandwidth is a positive number');
      demand(/^[\w.+-]{0,64}$/.test(track.encodingName), 'encoding names can stand in a log');
    }
  },
};

const HOST = '192.0.2.20';

const controlUrls: FuzzTarget = {
  name: 'control-urls',
  form: 'text',
  corpus: texts(
    'rtsp://192.0.2.20:554/live?channel=1\ntrackID=0\nrtsp://viewer:pass%20word@192.0.2.20/live',
    'rtsp://rtsp://192.0.2.20/live/\n*\nrtsps://[2001:db8::1]:322/cam/realmonitor?channel=1&subtype=0#x',
    '192.0.2.20/Streaming/Channels/101/\nrtsp://10.0.0.5/Streaming/Channels/101/trackID=1\nhttp://10.0.0.5:8080/onvif/media?x=1',
    '/live/\n?track=1\nrtsp://admin:p@ss@10.0.0.5:8554/a@b/c',
  ),
  run(input) {
    const [given = '', control = '', uri = ''] = input.toString('latin1').split('\n');
    const requested = `rtsp://${HOST}/live`;
    const base = baseUrl(requested, given, undefined);
    demand(base.length <= requested.length + given.length, 'a base is no longer than its parts');
    demand(controlUrl(base, control).length <= base.length + control.length + 8, 'a control URL is no longer than its parts');
    const target = rtspTarget(uri);
    demand((URL.parse(target?.uri ?? '')?.username ?? '') === '', 'a request line names no user');
    demand(/^[\x21-\x7e]*$/.test(target?.uri ?? ''), 'a request line is of printable ASCII');
    const parts = parseRtspUrl(uri);
    if (parts !== undefined) {
      const dialled = parseRtspUrl(formatRtspUrl({ ...parts, host: HOST }));
      demand(dialled === undefined || dialled.host === HOST, 'no answer leads to another host');
      demand(dialled?.credentials === undefined, 'credentials travel apart');
    }
    const service = serviceLocation(uri, { host: HOST, port: 80, secure: false });
    demand(service === undefined || isWithin(service.port, 0, 65_535), 'ports have 16 bits');
  },
};

const CREDENTIALS = { username: 'viewer', password: 'pässword' };

const challenges: FuzzTarget = {
  name: 'digest-challenges',
  form: 'text',
  corpus: texts(
    'Digest realm="IP Camera(12345)", nonce="4f3a2b1c", algorithm=SHA-256, qop="auth,auth-int", opaque="x", stale=FALSE',
    'Digest realm="Login to ABC", nonce="726c7c59d01b27cbc492a6f061bfe205"\nBasic realm="camera"',
    'Basic realm="a \\"quoted\\" realm", Digest realm="b\\\\", nonce="n=,", qop=auth, algorithm="MD5"',
  ),
  run(input) {
    const challenge = strongestChallenge(parseChallenges(input.toString('latin1').split('\n')));
    if (challenge === undefined) return;
    const request = { method: 'DESCRIBE', uri: 'rtsp://192.0.2.20/live', nonceCount: 1, clientNonce: 'c0ffee' };
    const authorization = formatAuthorization(challenge, CREDENTIALS, request);
    // A longer one is cut by the server's side.
    if (authorization.length > 4096) return;
    const check = { method: 'DESCRIBE', credentials: CREDENTIALS, realm: challenge.realm, allowBasic: true };
    const verdict = verifyAuthorization(authorization, { ...check, isCurrentNonce: () => true });
    demand(verdict === 'accepted', 'what answers a challenge is accepted');
  },
};

const TRACKS = parseSessionDescription(
  'm=video 0 RTP/AVP 96\r\na=control:trackID=1\r\nm=audio 0 RTP/AVP 0\r\na=control:trackID=2\r\n',
).tracks;

const transport: FuzzTarget = {
  name: 'rtsp-transport',
  form: 'text',
  corpus: texts(
    'RTP/AVP/TCP;unicast;interleaved=0-1;ssrc=0A0B0C0D;mode="PLAY"',
    'RTP/AVP;unicast;client_port=50000-50001;server_port=6970-6971;source=192.0.2.20;ssrc=0x1',
    'RTP/AVP/TCP;interleaved=4',
    '47112344;timeout=60',
    '0A1B-2C3D ; timeout = "90"; x=1',
    'url=rtsp://192.0.2.20/live/trackID=1;seq=17;rtptime=990000, url="trackID=2"; seq=65535 ;rtptime=4294967295',
  ),
  run(input) {
    const { timeoutMs } = parseSession(input.toString('latin1')) ?? { timeoutMs: 1000 };
    demand(isWithin(timeoutMs, 1000, 1e12), 'a session lasts for whole seconds');
    const { channels, serverPorts, ssrc } = parseTransport(input.toString('latin1'));
    demand(
      channels === undefined || [channels.rtp, channels.rtcp].every((each) => isWithin(each, 0, 255)),
      'channels have a byte',
    );
    const ports = serverPorts === undefined ? [] : [serverPorts.rtp, serverPorts.rtcp];
    demand(
      ports.every((port) => isWithin(port, 1, 65_535)),
      'ports have 16 bits',
    );
    for (const { sequenceNumber = 0, timestamp = 0 } of rtpStarts(
      input.toString('latin1'),
      TRACKS,
      'rtsp://192.0.2.20/live',
    ).values()) {
      demand(isWithin(sequenceNumber, 0, 0xffff) && isWithin(timestamp, 0, 0xffffffff), 'a track begins at numbers of RTP');
    }
    demand(ssrc === undefined || isWithin(ssrc, 0, 2 ** 32 - 1), 'an SSRC has 32 bits');
  },
};

export const RTSP_TARGETS: readonly FuzzTarget[] = [interleaved, sdp, controlUrls, challenges, transport];
