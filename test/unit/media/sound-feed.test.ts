import { expect, it, onTestFinished, vi } from 'vitest';
import type { Conversions } from '../../../src/media/conversion.ts';
import { Readers } from '../../../src/media/readers.ts';
import { SoundFeed } from '../../../src/media/sound-feed.ts';
import type { StreamReader } from '../../../src/media/stream.ts';
import { bitString } from './aac/bit-string.ts';
import { soundTrack } from './aac/placed-packets.ts';
import { rtpBytes } from './rtp-bytes.ts';

const STEP_MS = 64;

/** An audioMuxElement that says that it is AAC-LC of 16 kHz in so many channels, with an access unit of two bytes (ISO/IEC 14496-3 section 1.7.3). */
function latmOf(channels: number): Buffer {
  const config = [
    [2, 5],
    [8, 4],
    [channels, 4],
    [0, 3],
  ] as const;
  return bitString([0, 1], [0, 1], [1, 1], [0, 6], [0, 4], [0, 3], ...config, [0, 3], [0xff, 8], [0, 1], [0, 1], [2, 8], [0, 16]);
}

const VIEWER: StreamReader = {
  codecs: { video: new Set(), audio: new Set(['OPUS'] as const) },
  video: () => undefined,
  audio: () => undefined,
  metadata: () => undefined,
  wantsMetadata: false,
};

function listen(): { hear: (channels: number) => void; begun: { channels: number; frames: number }[]; running: () => number } {
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const begun: { channels: number; frames: number }[] = [];
  let running = 0;
  const sound: Conversions['sound'] = ({ channels }) => {
    const conversion = { channels, frames: 0 };
    begun.push(conversion);
    running += 1;
    return { push: () => void (conversion.frames += 1), close: () => void (running -= 1), translate: (time) => time };
  };
  const readers = new Readers(() => undefined);
  readers.add(VIEWER, () => undefined);
  const feed = new SoundFeed(readers, { sound, video: () => undefined }, () => undefined);
  feed.setTrack(soundTrack('MP4A-LATM', 16_000, { cpresent: '1' }));
  feed.look();
  let packets = 0;
  const hear = (channels: number): void => {
    vi.advanceTimersByTime(STEP_MS);
    const fields = { payload: latmOf(channels), payloadType: 97, marker: true };
    feed.receive(rtpBytes({ ...fields, sequenceNumber: packets, timestamp: packets * 1024 }), packets * STEP_MS);
    packets += 1;
  };
  return { hear, begun, running: () => running };
}

it('sound that says in its first packet what it is is converted as that from then on', () => {
  const { hear, begun, running } = listen();
  for (let packet = 0; packet < 3; packet += 1) hear(2);
  expect(begun.map(({ channels, frames }) => [channels, frames])).toEqual([
    [1, 0],
    [2, 3],
  ]);
  expect(running()).toBe(1);
});

it('sound that changes its format with each packet has a conversion begun twice a second at most; the last is of what comes', () => {
  const { hear, begun, running } = listen();
  for (let packet = 0; packet < 100; packet += 1) hear(1 + (packet % 2));
  expect(begun.length).toBeGreaterThan(5);
  // In 6.4 seconds.
  expect(begun.length).toBeLessThan(15);
  for (let packet = 0; packet < 20; packet += 1) hear(2);
  expect(begun.at(-1)?.channels).toBe(2);
  expect(begun.at(-1)?.frames).toBeGreaterThan(10);
  expect(running()).toBe(1);
});
