import { AdtsParser } from '../../../src/media/aac/adts.ts';
import { parseRtpPacket } from '../../../src/media/rtp/packet.ts';
import { PlayoutQueue } from '../../../src/media/talk/playout-queue.ts';
import { speechPackets } from '../../../src/media/talk/speech-packets.ts';
import { TalkReceiver, type SpokenCodec } from '../../../src/media/talk/talk-receiver.ts';
import { joinPackets, splitPackets } from '../packets.ts';
import { demand, type FuzzTarget } from '../target.ts';
import { AUDIO_PACKETS } from './packets.ts';

/* What a viewer says: packets of any talker, and what an encoder in another process makes of it. */

const CODECS: readonly SpokenCodec[] = ['PCMU', 'PCMA', 'OPUS'];
const PCMU = { codec: 'PCMU', payloadType: 0, clockRate: 8000, channels: 1, bitsPerSample: 8 } as const;
const MAX_QUEUED_MS = 2000;

/** Two ADTS frames: AAC-LC, 16 kHz, mono, 20 and 300 bytes. */
const ADTS = Buffer.concat(
  [20, 300].map((length) => {
    const size = length + 7;
    const header = [0xff, 0xf1, 0x60, 0x40 | (size >> 11), (size >> 3) & 0xff, ((size & 7) << 5) | 0x1f, 0xfc];
    return Buffer.concat([Buffer.from(header), Buffer.alloc(length, 1)]);
  }),
);

export const TALK_TARGETS: readonly FuzzTarget[] = [
  {
    name: 'talk',
    form: 'packets',
    corpus: [joinPackets(AUDIO_PACKETS)],
    run(input) {
      const receiver = new TalkReceiver(CODECS[(input[0] ?? 0) % CODECS.length] ?? 'PCMU');
      const packets = speechPackets(PCMU, input[1]);
      const queue = new PlayoutQueue();
      let playedMs = 0;
      let spokenMs = 0;
      for (const [at, bytes] of splitPackets(input).entries()) {
        const rtp = parseRtpPacket(bytes);
        const frames = rtp === undefined ? receiver.drain() : receiver.push(rtp, at * 20);
        for (const { payload, durationMs } of frames) {
          demand(durationMs > 0 && durationMs <= 200, 'no frame of a talker is empty, or longer than what is filled in');
          spokenMs += durationMs;
          for (const packet of packets.push(payload ?? Buffer.alloc(durationMs * 8))) queue.push(packet, at * 20);
        }
        queue.release(at * 20);
        for (const { packet } of queue.take(at * 20)) playedMs += packet.durationMs;
      }
      demand(spokenMs <= 320 * splitPackets(input).length, 'a packet makes at most itself and what is missing before it');
      for (const { packet } of queue.take(Number.MAX_SAFE_INTEGER)) playedMs += packet.durationMs;
      demand(playedMs <= input.length + spokenMs * 100 + MAX_QUEUED_MS, 'nothing is played that was not said');
    },
  },
  {
    name: 'adts',
    form: 'bytes',
    corpus: [ADTS],
    run(input) {
      const parser = new AdtsParser();
      const cut = (input[0] ?? 0) + 1;
      let bytes = 0;
      for (let at = 0; at < input.length; at += cut)
        for (const unit of parser.push(input.subarray(at, at + cut))) bytes += unit.length;
      demand(bytes <= input.length, 'access units hold no more than came');
    },
  },
];
