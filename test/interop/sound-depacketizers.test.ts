import { describe, expect, it } from 'vitest';
import { timestampDistance } from '../../src/media/rtp/packet.ts';
import type { SoundFormat } from '../../src/media/sound-format.ts';
import { decoded, depacketized, type DepacketizedSound } from '../support/depacketized.ts';
import { sendSine } from '../support/ffmpeg-rtp.ts';
import { heardTone } from '../support/tone.ts';

/* What ffmpeg encodes and sends by RTP, out of its packets and through ffmpeg's decoder: the tone that went in comes out. */

const TONE_HZ = 440;
const SECONDS = 2;

/** ffmpeg's arguments, and what the sound must turn out to be. */
const SOUNDS: readonly [name: string, encoder: string, format: Partial<SoundFormat>][] = [
  ['AAC 48 kHz stereo', '-c:a aac -ar 48000 -ac 2 -b:a 128k', { codec: 'AAC', clockRate: 48_000, channels: 2 }],
  ['AAC 16 kHz mono', '-c:a aac -ar 16000 -ac 1 -b:a 32k', { codec: 'AAC', clockRate: 16_000, channels: 1 }],
  ['AAC 44.1 kHz mono', '-c:a aac -ar 44100 -ac 1 -b:a 64k', { codec: 'AAC', clockRate: 44_100, channels: 1 }],
  ['AAC in fragments', '-c:a aac -ar 48000 -ac 6 -b:a 640k', { codec: 'AAC', clockRate: 48_000, channels: 6 }],
  ['LATM 48 kHz stereo', '-c:a aac -ar 48000 -ac 2 -b:a 128k -rtpflags latm', { codec: 'AAC', clockRate: 48_000, channels: 2 }],
  ['LATM 16 kHz mono', '-c:a aac -ar 16000 -ac 1 -b:a 32k -rtpflags latm', { codec: 'AAC', clockRate: 16_000, channels: 1 }],
  ['L16 44.1 kHz stereo', '-c:a pcm_s16be -ar 44100 -ac 2', { codec: 'L16', clockRate: 44_100, channels: 2 }],
  ['L16 44.1 kHz mono', '-c:a pcm_s16be -ar 44100 -ac 1', { codec: 'L16', clockRate: 44_100, channels: 1 }],
  ['L16 16 kHz mono', '-c:a pcm_s16be -ar 16000 -ac 1', { codec: 'L16', clockRate: 16_000, channels: 1 }],
  ['PCMU 8 kHz', '-c:a pcm_mulaw -ar 8000 -ac 1', { codec: 'PCMU', clockRate: 8000, channels: 1 }],
  ['PCMU 16 kHz', '-c:a pcm_mulaw -ar 16000 -ac 1', { codec: 'PCMU', clockRate: 16_000, channels: 1 }],
  ['PCMA 8 kHz stereo', '-c:a pcm_alaw -ar 8000 -ac 2', { codec: 'PCMA', clockRate: 8000, channels: 2 }],
  ...([16, 24, 32, 40] as const).flatMap((rate): [string, string, Partial<SoundFormat>][] => [
    [`G726-${rate}`, `-c:a g726le -ar 8000 -ac 1 -b:a ${rate}k`, { codec: 'G726', bitsPerSample: rate / 8, bitOrder: 'rfc3551' }],
    [`AAL2-G726-${rate}`, `-c:a g726 -ar 8000 -ac 1 -b:a ${rate}k`, { codec: 'G726', bitsPerSample: rate / 8, bitOrder: 'aal2' }],
  ]),
];

describe('sound that ffmpeg sends', () => {
  it.each(SOUNDS)('is heard at its pitch and its length: %s', async (_, encoder, format) => {
    const { track, packets } = await sendSine(TONE_HZ, SECONDS, encoder.split(' '));
    const sound = depacketized(track, packets);
    expect(sound.format).toMatchObject(format);
    expect(sound.malformed).toBe(0);
    expectContinuous(sound);
    const tone = heardTone(decoded(sound));
    expect(Math.abs(tone.frequency - TONE_HZ)).toBeLessThan(2);
    // An encoder's delay is before it, and the end of its last block behind.
    expect(Math.abs(tone.durationMs - SECONDS * 1000)).toBeLessThan(150);
  });

  it('is all access units of packets that hold several', async () => {
    const { track, packets } = await sendSine(TONE_HZ, SECONDS, '-c:a aac -ar 16000 -ac 1 -b:a 24k'.split(' '));
    // Bits of AU headers, of 16 each (RFC 3640 section 3.3.6).
    const counts = packets.map((packet) => packet.readUInt16BE(12) / 16);
    expect(Math.max(...counts)).toBeGreaterThan(3);
    expect(depacketized(track, packets).frames).toHaveLength(counts.reduce((sum, count) => sum + count, 0));
  });
});

/** Each frame begins where the one before ends. */
function expectContinuous({ frames }: DepacketizedSound): void {
  const steps = frames.slice(1).map((frame, at) => {
    const { timestamp = 0, durationTicks = 0 } = frames[at] ?? {};
    return timestampDistance(timestamp + durationTicks, frame.timestamp);
  });
  expect(steps.filter((step) => step !== 0)).toEqual([]);
}
