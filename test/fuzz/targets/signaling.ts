import { isIP } from 'node:net';
import { gzipSync } from 'node:zlib';
import { SessionDescription } from 'werift';
import { readIceCandidate, readIceServers } from '../../../src/base/ice.ts';
import { JsonRpcEndpoint, JsonRpcError } from '../../../src/base/json-rpc.ts';
import { readExpirySeconds, readString, readStrings } from '../../../src/base/signaling.ts';
import { MetadataAssembler } from '../../../src/client/metadata-assembler.ts';
import { announced } from '../../../src/peer/webrtc/ice/advertised.ts';
import { isMulticastName, parseCandidate, refusal } from '../../../src/peer/webrtc/ice/remote-candidate.ts';
import { readAnswer, readPayloadTypes } from '../../../src/peer/webrtc/answer.ts';
import { corpusFiles, texts } from '../corpus.ts';
import { joinPackets, splitPackets } from '../packets.ts';
import { demand, isWithin, type FuzzTarget } from '../target.ts';

/** Frames of one conversation, a line each; the first request of ours is still open, its id is 1. */
const jsonRpc: FuzzTarget = {
  name: 'json-rpc',
  form: 'text',
  corpus: texts(
    '{"jsonrpc":"2.0","id":"4","method":"connect","params":{"session":"s1","profile":"main","iceServers":[{"urls":["stun:192.0.2.1"]}]}}\n{"jsonrpc":"2.0","method":"trickle","params":{"session":"s1","candidate":{"candidate":"","sdpMid":"0"}}}',
    '{"jsonrpc":"2.0","id":1,"result":{"answer":"v=0","subprotocols":["a","b"],"expiryTimeSeconds":60}}',
    '{"jsonrpc":"2.0","id":"1","error":{"code":404,"message":"No such session"}}\n{"jsonrpc":"2.0","error":{"code":410,"message":"Gone","session":"s1"}}',
    '[{"jsonrpc":"2.0","id":7,"method":"extend","params":{"session":"s1"}},{"jsonrpc":"2.0","method":"error","params":{"code":1002,"message":"lost"}}]',
  ),
  async run(input) {
    const frames = input.toString('utf8').split('\n').slice(0, 32);
    let [defects, sent] = [0, 0];
    const endpoint = new JsonRpcEndpoint({
      send: (text) => {
        sent += 1;
        demand(text.length <= input.length * 8 + 64 * 1024, 'answers are bounded');
        JSON.parse(text);
      },
      onDefect: () => (defects += 1),
      onErrorNotification: ({ code, message }) => demand(Number.isInteger(code) && message.length <= 512, 'errors are bounded'),
    });
    for (const method of ['connect', 'trickle', 'extend']) {
      endpoint.handle(method, (params) => {
        readIceServers(params['iceServers']);
        readIceCandidate(params['candidate']);
        readExpirySeconds(params['expiryTimeSeconds']);
        return { session: readString(params, 'session'), list: readStrings(params['subprotocols']) };
      });
    }
    const asked = endpoint.request('invite', {}).catch((error: unknown) => {
      demand(error instanceof JsonRpcError && error.message.length <= 512, 'a request fails with a JsonRpcError');
    });
    for (const frame of frames) endpoint.receive(frame);
    await Promise.resolve();
    endpoint.close();
    await asked;
    demand(defects === 0, 'a handler meets nothing that it does not expect');
    demand(sent <= 1 + frames.length, 'one answer at most to a frame');
  },
};

const answer: FuzzTarget = {
  name: 'sdp-answers',
  form: 'text',
  corpus: corpusFiles(/^answer-.*\.sdp$/),
  run(input) {
    const text = input.toString('utf8');
    const read = orUndefined(() => readAnswer(text, ['H264', 'H265']));
    orUndefined(() => readPayloadTypes(text));
    // What is refused does not come to werift.
    if (read === undefined) return;
    orUndefined(() => SessionDescription.parse(text));
    for (const media of [read.video, read.audio]) {
      if (media === undefined) continue;
      for (const payloadType of [...media.payloadTypes.values(), ...media.retransmissions.values()]) {
        demand(isWithin(payloadType, 0, 127), 'payload types have 7 bits');
      }
      const { midExtensionId } = media;
      if (midExtensionId === undefined) continue;
      demand(isWithin(midExtensionId, 1, 14), 'the id fits into a one-byte header extension');
      demand(isWithin(Buffer.byteLength(media.mid), 1, 16), 'the mid fits into a one-byte header extension');
    }
  },
};

/** DevicePeer catches what these throw, and refuses the answer or the candidate (`session.answer`, `session.candidate`). */
function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    demand(error instanceof Error, 'what is thrown is an Error');
    return undefined;
  }
}

const candidates: FuzzTarget = {
  name: 'ice-candidates',
  form: 'text',
  corpus: texts(
    '{"candidate":"candidate:842163049 1 udp 1677729535 192.0.2.1 54321 typ srflx raddr 10.0.0.1 rport 5000 generation 0 ufrag Ab1c","sdpMid":"0","sdpMLineIndex":0,"usernameFragment":"Ab1c"}',
    '{"candidate":"candidate:1 1 UDP 2122252543 f7f2a1de-0000-4000-8000-000000000001.local 50000 typ host","sdpMid":"0"}',
    '{"candidate":"candidate:2 1 tcp 1518280447 2001:db8::1 9 typ host tcptype active","sdpMLineIndex":1}',
  ),
  run(input) {
    const candidate = readIceCandidate(orUndefined(() => JSON.parse(input.toString('utf8')) as unknown));
    if (candidate === undefined) return;
    demand(candidate.candidate.length <= 2048, 'a candidate has a bounded length');
    const advertise = [{ address: '192.0.2.7' }, { address: '192.0.2.8', firstPort: 60_000 }];
    demand(announced(candidate, { advertise }).length <= 2, 'one candidate for each address');
    const parsed = parseCandidate(candidate.candidate);
    if (parsed === undefined) return;
    demand(isWithin(parsed.port, 0, 65_535), 'a port is one');
    if (refusal(parsed, 'never') === undefined)
      demand(isIP(parsed.host) !== 0 && !isMulticastName(parsed.host), 'what is sent to is an address');
  },
};

const XML = `<tt:MetadataStream>${'<tt:Frame/>'.repeat(20)}</tt:MetadataStream>`;
const WHOLE = gzipSync(XML);
const LAST = gzipSync('<last-of-all/>');

/** Messages of a data channel. */
const assembler: FuzzTarget = {
  name: 'metadata-assembler',
  form: 'packets',
  corpus: [joinPackets([WHOLE, LAST]), joinPackets([WHOLE.subarray(0, 20), WHOLE.subarray(20), WHOLE])],
  share: 10,
  async run(input) {
    const { promise, resolve } = Promise.withResolvers<void>();
    const subject = new MetadataAssembler(({ xml, bytes }) => {
      demand(bytes <= input.length + LAST.length && xml.length <= 8 * 1024 * 1024, 'a document is bounded');
      if (xml === '<last-of-all/>' && pushed) resolve();
    });
    let pushed = false;
    for (const message of splitPackets(input)) subject.push(message);
    // Whatever came before, the next document comes through; the same one may have come earlier already.
    pushed = true;
    subject.push(LAST);
    await promise;
  },
};

export const SIGNALING_TARGETS: readonly FuzzTarget[] = [jsonRpc, answer, candidates, assembler];
