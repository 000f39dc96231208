import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SoundFormat } from '../../src/media/sound-format.ts';
import { decoded, depacketized } from '../support/depacketized.ts';
import { MountPull } from '../support/gst-mounts.ts';
import { startGstRtspServer, type GstRtspServer } from '../support/gst-rtsp-server.ts';
import { heardTone } from '../support/tone.ts';

/* What GStreamer encodes and serves by RTSP, out of its packets and through ffmpeg's decoder. */

/** Of GStreamer's audiotestsrc, Hz. */
const TONE_HZ = 440;
const SECONDS = 1;

const SOUNDS: readonly [mount: 'aac' | 'aac-latm' | 'g726' | 'l16' | 'pcmu' | 'pcma', format: Partial<SoundFormat>][] = [
  ['aac', { codec: 'AAC', clockRate: 16_000, channels: 1 }],
  ['aac-latm', { codec: 'AAC', clockRate: 16_000, channels: 1 }],
  ['g726', { codec: 'G726', clockRate: 8000, bitsPerSample: 4, bitOrder: 'rfc3551' }],
  ['l16', { codec: 'L16', clockRate: 44_100, channels: 2 }],
  ['pcmu', { codec: 'PCMU', clockRate: 8000, channels: 1 }],
  ['pcma', { codec: 'PCMA', clockRate: 8000, channels: 1 }],
];

let server: GstRtspServer;

beforeAll(async () => {
  server = await startGstRtspServer({ allMounts: true });
});

afterAll(() => server?.close());

describe('sound of gst-rtsp-server', () => {
  it.each(SOUNDS)('is heard at its pitch: %s', async (mount, format) => {
    const pull = new MountPull(server.url, mount, { transport: 'tcp' });
    await pull.start();
    await pull.record(SECONDS);
    await pull.close();
    const { track, packets } = pull.recorded;
    const sound = depacketized(track, packets);
    expect(sound.format).toMatchObject(format);
    expect(sound.malformed).toBe(0);
    const tone = heardTone(decoded(sound));
    expect(Math.abs(tone.frequency - TONE_HZ)).toBeLessThan(3);
    expect(tone.durationMs).toBeGreaterThan(SECONDS * 1000);
  });
});
