import { describe, expect, it } from 'vitest';
import { AudioMeasurement, type AudioFigures } from '../../../../src/media/measurement/audio-measurement.ts';
import { rtpBytes } from '../rtp-bytes.ts';

interface Sound {
  encodingName: string;
  clockRate?: number;
  fmtp?: Record<string, string>;
  channels?: number;
  /** Of each packet, of which there are 50 a second. */
  bytes: number;
  seconds?: number;
  /** Packets that come at once in the beginning. */
  burst?: number;
  /** From packet to packet as they come, milliseconds. */
  intervalMs?: number;
}

function figuresOf({
  encodingName,
  clockRate = 8000,
  fmtp = {},
  channels = 1,
  bytes,
  seconds = 5,
  burst = 0,
  intervalMs = 20,
}: Sound): AudioFigures {
  const track = { kind: 'audio', encodingName, payloadType: 0, clockRate, fmtp: new Map(Object.entries(fmtp)) } as const;
  const measurement = new AudioMeasurement(track, channels);
  for (let index = 0; index < burst + seconds * 50; index += 1) {
    const packet = { payload: Buffer.alloc(bytes), sequenceNumber: index, timestamp: index * 160, payloadType: 0 };
    measurement.receive(rtpBytes(packet), 1e12 + Math.max(0, index - burst) * intervalMs);
  }
  return measurement.figures;
}

describe('sound as it is measured', () => {
  it('has the rate of its bytes where it is G.711: some send twice what the name stands for', () => {
    expect(figuresOf({ encodingName: 'PCMU', bytes: 160 })).toEqual({ sampleRateHz: 8000, channels: 1, bitrateKbps: 64 });
    expect(figuresOf({ encodingName: 'PCMA', bytes: 320 }).sampleRateHz).toBe(16_000);
    expect(figuresOf({ encodingName: 'PCMU', bytes: 320, channels: 2 })).toMatchObject({ sampleRateHz: 8000, channels: 2 });
  });

  it('has the bitrate of its rate where it is G.711, however unevenly it came', () => {
    expect(figuresOf({ encodingName: 'PCMU', bytes: 160, intervalMs: 19 })).toMatchObject({
      sampleRateHz: 8000,
      bitrateKbps: 64,
    });
    expect(figuresOf({ encodingName: 'PCMA', bytes: 640, channels: 2, intervalMs: 21 })).toMatchObject({
      sampleRateHz: 16_000,
      bitrateKbps: 256,
    });
    // Further off than that it is none of the rates, and what came is said.
    expect(figuresOf({ encodingName: 'PCMU', bytes: 160, intervalMs: 17 }).bitrateKbps).toBeGreaterThan(70);
  });

  it('is not taken for another rate by what comes at once in the beginning, or by a short look', () => {
    expect(figuresOf({ encodingName: 'PCMU', bytes: 160, burst: 100 })).toEqual({
      sampleRateHz: 8000,
      channels: 1,
      bitrateKbps: 64,
    });
    expect(figuresOf({ encodingName: 'PCMU', bytes: 320, seconds: 1 })).toMatchObject({ sampleRateHz: 8000, bitrateKbps: null });
    // Between the rates: what the session description says.
    expect(figuresOf({ encodingName: 'PCMU', bytes: 240 }).sampleRateHz).toBe(8000);
  });

  it('has the rate and channels of its AudioSpecificConfig where it is AAC', () => {
    // Made by ffmpeg: AAC LC, 16 kHz mono and 48 kHz stereo.
    const aac = (config: string): AudioFigures =>
      figuresOf({ encodingName: 'MPEG4-GENERIC', clockRate: 44_100, fmtp: { config }, bytes: 200 });
    expect(aac('1408')).toMatchObject({ sampleRateHz: 16_000, channels: 1, bitrateKbps: 80 });
    expect(aac('1190')).toMatchObject({ sampleRateHz: 48_000, channels: 2 });
    expect(aac('zz')).toMatchObject({ sampleRateHz: 44_100, channels: 1 });
  });

  it('has what the session description says where nothing came', () => {
    expect(figuresOf({ encodingName: 'OPUS', clockRate: 48_000, channels: 2, bytes: 0, seconds: 0 })).toEqual({
      sampleRateHz: 48_000,
      channels: 2,
      bitrateKbps: null,
    });
  });
});
