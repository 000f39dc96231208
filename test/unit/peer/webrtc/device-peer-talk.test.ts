import { expect, it, vi } from 'vitest';
import { RtpHeader } from 'werift';
import type { RtpPacket } from '../../../../src/media/rtp/packet.ts';
import { AUDIO_LEVEL_EXTENSION, type OfferedAudio } from '../../../../src/peer/webrtc/offer.ts';
import { joined, WAIT, type LoopbackViewer } from './loopback-viewer.ts';

const BOTH_WAYS: OfferedAudio = { direction: 'sendrecv', codecs: ['PCMU', 'PCMA', 'OPUS'] };

/** The answer of a viewer that speaks: werift's own only listens. */
function speaking(answer: string): string {
  return answer.replace(/(m=audio[\s\S]*?)a=recvonly/, '$1a=sendrecv');
}

async function say(viewer: LoopbackViewer, payloadType: number, text: string): Promise<void> {
  const header = new RtpHeader({ payloadType, marker: true, sequenceNumber: 7, timestamp: 160, ssrc: 0x1234_5678 });
  await viewer.transport.sendRtp(Buffer.from(text), header);
}

/** What the peer hands on while `spoken` arrives, the last of it being `end`. */
async function heard(viewer: LoopbackViewer, said: [RtpPacket, string][], ...spoken: [number, string][]): Promise<unknown[]> {
  for (const [payloadType, text] of spoken) await say(viewer, payloadType, text);
  await vi.waitUntil(() => said.some(([{ payload }]) => payload.toString() === 'end'), WAIT);
  return said.map(([{ payload }, codec]) => `${codec} ${payload.toString()}`);
}

it('what the viewer says is handed on with its codec, and nothing of a payload type that was not negotiated', async () => {
  const said: [RtpPacket, string][] = [];
  const { viewer } = await joined(
    undefined,
    { audio: BOTH_WAYS, onTalk: (packet, codec) => said.push([packet, codec]) },
    speaking,
  );
  expect(await heard(viewer, said, [0, 'one'], [111, 'two'], [102, 'video'], [96, 'unknown'], [8, 'end'])).toEqual([
    'PCMU one',
    'OPUS two',
    'PCMA end',
  ]);
  expect(said[0]?.[0]).toEqual({
    payloadType: 0,
    marker: true,
    sequenceNumber: 7,
    timestamp: 160,
    ssrc: 0x1234_5678,
    payload: Buffer.from('one'),
  });
});

it('how loud it is comes with what the viewer says, where the viewer tells it (RFC 6464)', async () => {
  const levels: (number | undefined)[] = [];
  const { viewer } = await joined(undefined, { audio: BOTH_WAYS, onTalk: (_, __, level) => levels.push(level) }, (answer) =>
    speaking(answer).replace(/(m=audio[\s\S]*?)a=rtcp-mux/, `$1a=extmap:5 ${AUDIO_LEVEL_EXTENSION}\r\na=rtcp-mux`),
  );
  const header = { payloadType: 0, timestamp: 160, ssrc: 0x1234_5678, extension: true, extensionProfile: 0xbede } as const;
  const extensions = [[{ id: 5, payload: Buffer.from([0x80 | 31]) }], [{ id: 4, payload: Buffer.from([31]) }]];
  for (const [at, each] of extensions.entries())
    await viewer.transport.sendRtp(Buffer.from('said'), new RtpHeader({ ...header, sequenceNumber: 7 + at, extensions: each }));
  await vi.waitUntil(() => levels.length === 2, WAIT);
  expect(levels).toEqual([31, undefined]);
});

it('a viewer that only listens is not heard', async () => {
  const said: string[] = [];
  const { viewer, told } = await joined(undefined, { audio: BOTH_WAYS, onTalk: (_, codec) => said.push(codec) });
  await say(viewer, 0, 'one');
  // A report that was sent after it has come.
  await viewer.sendRtcp(Buffer.from('80c9000112345678', 'hex'));
  await vi.waitUntil(() => told.rtcp.length > 0, WAIT);
  expect(said).toEqual([]);
});
