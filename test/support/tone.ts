import { execFileSync } from 'node:child_process';

/* Tones as a talker's microphone would hear them, and what is heard of them at the camera. */

/** Linear samples of a sine at half of full scale. */
export function sine(frequency: number, durationMs: number, sampleRate = 8000): Float64Array {
  return Float64Array.from(
    { length: (sampleRate * durationMs) / 1000 },
    (_, at) => 0.5 * Math.sin((2 * Math.PI * frequency * at) / sampleRate),
  );
}

/** What ffmpeg makes of speech in one of its raw forms: linear samples of 8000 Hz, -1 to 1. */
export function decodeSpeech(bytes: Buffer, inputArguments: readonly string[]): Float64Array {
  const raw = execFileSync(
    'ffmpeg',
    ['-hide_banner', '-loglevel', 'error', ...inputArguments, '-i', 'pipe:0', '-f', 's16le', '-ar', '8000', '-ac', '1', 'pipe:1'],
    { input: bytes, maxBuffer: 64 * 1024 * 1024, stdio: ['pipe', 'pipe', 'ignore'] },
  );
  return Float64Array.from({ length: raw.length >> 1 }, (_, at) => raw.readInt16LE(at * 2) / 32_768);
}

/** Linear samples of mu-law (ITU-T G.711 table 2), -1 to 1. */
export function decodeMuLaw(bytes: Buffer): Float64Array {
  return Float64Array.from(bytes, (byte) => {
    const bits = ~byte & 0xff;
    const magnitude = (2 * (bits & 15) + 33) * 2 ** ((bits >> 4) & 7) - 33;
    return ((bits & 0x80) === 0 ? magnitude : -magnitude) / 8192;
  });
}

/** What linear samples are in one of ffmpeg's raw forms. */
export function encodeSpeech(samples: Float64Array, outputArguments: readonly string[]): Buffer {
  const raw = Buffer.alloc(samples.length * 2);
  for (const [at, sample] of samples.entries()) raw.writeInt16LE(Math.round(sample * 32_767), at * 2);
  return execFileSync(
    'ffmpeg',
    [
      '-hide_banner',
      '-loglevel',
      'error',
      '-f',
      's16le',
      '-ar',
      '8000',
      '-ac',
      '1',
      '-i',
      'pipe:0',
      ...outputArguments,
      'pipe:1',
    ],
    { input: raw, maxBuffer: 64 * 1024 * 1024, stdio: ['pipe', 'pipe', 'ignore'] },
  );
}

/** Opus packets of 20 ms, as a browser sends them. */
export function opusPackets(samples: Float64Array): Buffer[] {
  const ogg = encodeSpeech(samples, ['-c:a', 'libopus', '-frame_duration', '20', '-application', 'voip', '-f', 'ogg']);
  const packets: Buffer[] = [];
  let parts: Buffer[] = [];
  for (let page = 0; page < ogg.length;) {
    const segments = ogg.readUInt8(page + 26);
    let at = page + 27 + segments;
    for (const length of ogg.subarray(page + 27, page + 27 + segments)) {
      parts.push(ogg.subarray(at, at + length));
      at += length;
      // RFC 3533 section 6: only a segment that is not full ends a packet.
      if (length === 255) continue;
      packets.push(Buffer.concat(parts));
      parts = [];
    }
    page = at;
  }
  // Behind the two headers (RFC 7845 section 3).
  return packets.slice(2);
}

export interface HeardTone {
  /** Hz. */
  frequency: number;
  /** From the first loud millisecond to the last. */
  durationMs: number;
  /** Milliseconds before the first loud one. */
  silentMs: number;
}

const LOUD = 0.05;
const MS = 8;

/** The tone in samples of 8000 Hz: by its zero crossings, each of them placed between two samples. */
export function heardTone(samples: Float64Array): HeardTone {
  const isLoud = (ms: number): boolean => samples.subarray(ms * MS, ms * MS + 2 * MS).some((sample) => Math.abs(sample) > LOUD);
  const milliseconds = Array.from({ length: Math.floor(samples.length / MS) }, (_, ms) => ms).filter(isLoud);
  const first = milliseconds[0] ?? 0;
  const last = milliseconds.at(-1) ?? -1;
  const heard = samples.subarray(first * MS, (last + 1) * MS);
  const crossings: number[] = [];
  for (let at = 1; at < heard.length; at += 1) {
    const [before = 0, after = 0] = [heard[at - 1], heard[at]];
    if (before < 0 && after >= 0) crossings.push(at - 1 + before / (before - after));
  }
  const periods = crossings.length - 1;
  const seconds = ((crossings.at(-1) ?? 0) - (crossings[0] ?? 0)) / 8000;
  return { frequency: periods > 0 ? periods / seconds : 0, durationMs: last - first + 1, silentMs: first };
}
