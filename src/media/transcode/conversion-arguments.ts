import type { CameraVideoCodec } from '../coded-picture.ts';
import { OPUS_CLOCK_RATE } from '../conversion.ts';
import type { SoundFormat } from '../sound-format.ts';
import type { SoundInput } from './sound-input.ts';

/*
 * The arguments of the ffmpeg that converts a stream for its viewers: Matroska comes in, NUT goes out, and nothing is held back. Without `-fflags nobuffer`:
 * it makes nothing faster, and the first frame, which is looked at to learn what comes, would be thrown away; of pictures that is the keyframe.
 */
const BEFORE_INPUT: readonly string[] = [
  ...['-hide_banner', '-nostdin', '-loglevel', 'error'],
  ...['-copyts', '-probesize', '32', '-analyzeduration', '0'],
];

/** 20 ms would wait, twice in a row now and then, for the rest of itself in the camera's next frame: 43 ms behind AAC, and not 22. */
const OPUS_FRAME_MS = 10;
const MAX_CHANNELS = 2;
/** Of speech of up to 16 kHz, and of all else in mono and stereo, bits a second. */
const NARROW_BIT_RATE = 32_000;
const BIT_RATES = [64_000, 96_000];
const NARROW_CLOCK_RATE = 16_000;
/** A camera whose samples and timestamps drift apart is followed by so much faster or slower sound, which nobody hears. */
const MAX_STRETCH = 0.01;

/**
 * @param from where it gets the sound
 * @param to where it sends the Opus
 */
export function opusArguments({ clockRate, channels }: SoundFormat, { decoder }: SoundInput, from: string, to: string): string[] {
  const madeChannels = Math.min(channels, MAX_CHANNELS);
  const bitRate = clockRate <= NARROW_CLOCK_RATE ? NARROW_BIT_RATE : (BIT_RATES[madeChannels - 1] ?? NARROW_BIT_RATE);
  return [
    ...BEFORE_INPUT,
    ...(decoder === undefined ? [] : ['-c:a', decoder]),
    ...['-f', 'matroska', '-i', from],
    // What is lost becomes silence: time goes on.
    ...['-vn', '-af', `aresample=async=${Math.max(2, Math.round(clockRate * MAX_STRETCH))}`],
    ...['-ar', String(OPUS_CLOCK_RATE), '-ac', String(madeChannels)],
    ...['-c:a', 'libopus', '-b:a', String(bitRate), '-frame_duration', String(OPUS_FRAME_MS)],
    ...output(to),
  ];
}

/** Most points of a picture: beyond those of any camera, yet memory that a machine has. */
const MAX_PIXELS = 64 * 1024 * 1024;
/** x264's threads: slices of one picture, which keeps it from being late by more than that picture. */
const ENCODER_THREADS = '2';
const QUALITY = '23';
/** Where the camera's keyframes are far apart, pictures. */
const MAX_KEYFRAME_DISTANCE = '250';
/** Every JPEG is a keyframe; of H.264 there is one every so many seconds then. */
const JPEG_KEYFRAMES = 'expr:gte(t,n_forced*2)';

/** @param maxBitRate bits a second */
export function h264Arguments(codec: CameraVideoCodec, maxBitRate: number, from: string, to: string): string[] {
  return [
    ...BEFORE_INPUT,
    // More threads would decode as many pictures at a time, and be late by them.
    ...['-threads', '1', '-max_pixels', String(MAX_PIXELS)],
    ...['-f', 'matroska', '-i', from, '-an'],
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-profile:v', 'baseline', '-pix_fmt', 'yuv420p'],
    ...['-threads', ENCODER_THREADS, '-crf', QUALITY, '-maxrate', String(maxBitRate), '-bufsize', String(maxBitRate)],
    ...['-force_key_frames', codec === 'JPEG' ? JPEG_KEYFRAMES : 'source', '-g', MAX_KEYFRAME_DISTANCE],
    // The timestamps of RTP, tick for tick; and parameter sets before each keyframe, not only in the header.
    ...['-enc_time_base', '1:90000', '-bsf:v', 'dump_extra=freq=keyframe'],
    ...output(to),
  ];
}

function output(to: string): string[] {
  return ['-f', 'nut', '-flush_packets', '1', to];
}
