import { describe, expect, it } from 'vitest';
import type { AudioReport, VideoReport } from '../../../src/probe/report.ts';
import { judge, type VerdictInput } from '../../../src/probe/verdict.ts';

const TRACK = { packets: 500, lost: 0, malformed: 0, jitterMs: 1, senderReports: 1, clockOffsetMs: 0 };

const VIDEO: VideoReport = {
  ...TRACK,
  codec: 'H264',
  profile: 'High',
  level: '4.0',
  profileLevelId: '640028',
  declaredProfileLevelId: '640028',
  width: 1920,
  height: 1080,
  chroma: '4:2:0',
  bitDepth: 8,
  interlaced: false,
  frames: 125,
  framesPerSecond: 25,
  bitrateKbps: 4000,
  keyframes: 3,
  keyframeInterval: { frames: 50, seconds: 2, longestSeconds: 2 },
  intraPictures: 0,
  secondsSinceKeyframe: 1,
  bFrames: false,
  reordered: false,
  damaged: 0,
  parameterSets: { sdp: true, inBand: false },
  packetizationMode: 1,
  packetization: ['FU-A'],
  largestPayloadBytes: 1400,
};

const NO_SETS = { sdp: false, inBand: false };

const AUDIO: AudioReport = { ...TRACK, codec: 'PCMU', sampleRateHz: 8000, channels: 1, bitrateKbps: 64 };

const GOOD: VerdictInput = {
  video: VIDEO,
  audio: AUDIO,
  configured: null,
  seconds: 5,
  transport: 'tcp',
  framesPassed: 125,
  audioPassed: true,
  audioUsed: true,
};

const withVideo = (change: Partial<VideoReport>): VerdictInput => ({ ...GOOD, video: { ...VIDEO, ...change } });
const codesOf = (reasons: readonly { code: string }[]): string[] => reasons.map(({ code }) => code);

describe('what plays in a browser', () => {
  it('is H.264 with keyframes and without B-frames, with G.711', () => {
    expect(judge(GOOD)).toEqual({ plays: true, reasons: [], notes: [], sound: { plays: true, reason: null } });
    expect(judge({ ...GOOD, audio: null })).toMatchObject({ plays: true, sound: null });
    // B slices in the order of showing harm nobody.
    expect(judge(withVideo({ bFrames: true })).plays).toBe(true);
  });

  it.each<[string, VerdictInput]>([
    ['video.none', { ...GOOD, video: null }],
    ['video.codec', withVideo({ codec: 'VP8' })],
    ['video.not_passed', { ...withVideo({ codec: 'JPEG', keyframes: null, parameterSets: NO_SETS }), framesPassed: 0 }],
    ['video.no_parameter_sets', withVideo({ parameterSets: { sdp: false, inBand: false } })],
    ['video.too_large', withVideo({ width: 4000, height: 3000 })],
    ['video.not_passed', { ...GOOD, framesPassed: 0 }],
  ])('is not: %s', (code, input) => {
    const { plays, reasons } = judge(input);
    expect(plays).toBe(false);
    expect(codesOf(reasons)).toEqual([code]);
    expect(reasons[0]?.advice).toMatch(/\w/);
  });

  it('is not known where no packet or no keyframe came', () => {
    const silent = judge(withVideo({ packets: 0, frames: 0, keyframes: 0 }));
    expect([silent.plays, ...codesOf(silent.reasons)]).toEqual([null, 'video.silent']);
    const without = judge({ ...withVideo({ keyframes: 0, keyframeInterval: null }), framesPassed: 0 });
    expect([without.plays, ...codesOf(without.reasons)]).toEqual([null, 'video.no_keyframe']);
    expect(without.reasons[0]?.message).toContain('in 5 s');
    const noIdr = judge({ ...withVideo({ keyframes: 0, intraPictures: 4 }), framesPassed: 0 });
    expect([noIdr.plays, ...codesOf(noIdr.reasons)]).toEqual([null, 'video.no_idr']);
  });

  it.each<[string, Partial<VideoReport>]>([
    ['video.long_gop', { keyframeInterval: { frames: 250, seconds: 2, longestSeconds: 10 } }],
    ['video.long_gop', { keyframes: 1, keyframeInterval: null, secondsSinceKeyframe: 4.6 }],
    ['video.h265', { codec: 'H265' }],
    ['video.converted', { codec: 'JPEG', keyframes: null, keyframeInterval: null, parameterSets: NO_SETS }],
    ['video.converted', { codec: 'MP4V-ES', keyframes: null, keyframeInterval: null, parameterSets: NO_SETS }],
    ['video.b_frames', { bFrames: true, reordered: true }],
    ['video.interlaced', { interlaced: true }],
    ['video.format', { chroma: '4:2:2' }],
    ['video.loss', { packets: 990, lost: 10 }],
  ])('plays with a note: %s', (code, change) => {
    const { plays, notes } = judge(withVideo(change));
    expect(plays).toBe(true);
    expect(codesOf(notes)).toEqual([code]);
  });

  it('tells loss on the way from loss in the camera', () => {
    const lossy = withVideo({ packets: 990, lost: 10 });
    expect(judge({ ...lossy, transport: 'udp' }).notes[0]?.advice).toContain('TCP');
    expect(judge(lossy).notes[0]?.advice).toContain('camera itself');
  });

  it('is held against what is configured', () => {
    const video = {
      codec: 'H264',
      profile: 'High',
      width: 2560,
      height: 1440,
      framesPerSecond: 50,
      bitrateKbps: 2000,
      govLength: 50,
    };
    const configured = { video, audio: null, metadata: false, audioDecoder: false, ptz: false };
    expect(codesOf(judge({ ...GOOD, configured }).notes)).toEqual(['video.slow', 'video.bitrate', 'video.size']);
    const near = { ...video, width: 1920, height: 1080, framesPerSecond: 28, bitrateKbps: 3600 };
    expect(judge({ ...GOOD, configured: { ...configured, video: near } }).notes).toEqual([]);
  });
});

describe('sound in a browser', () => {
  it.each<[string, Partial<AudioReport>, boolean]>([
    ['audio.codec', { codec: 'G729' }, false],
    // It passes by its name, and is heard at half its speed.
    ['audio.rate', { codec: 'PCMA', sampleRateHz: 16_000 }, true],
  ])('is not heard: %s', (code, change, audioPassed) => {
    const { plays, sound } = judge({ ...GOOD, audio: { ...AUDIO, ...change }, audioPassed, audioUsed: audioPassed });
    expect(plays).toBe(true);
    expect(sound).toMatchObject({ plays: false, reason: { code } });
  });

  it.each<[string, Partial<AudioReport>]>([
    ['AAC', { codec: 'MPEG4-GENERIC', sampleRateHz: 16_000 }],
    ['G.726-32', { codec: 'G726-32' }],
    ['G.711 mu-law at 16 kHz', { codec: 'PCMU', sampleRateHz: 16_000 }],
    ['G.711 mu-law at 8 kHz in 2 channels', { codec: 'PCMU', channels: 2 }],
  ])('is heard converted: %s', (form, change) => {
    const { sound } = judge({ ...GOOD, audio: { ...AUDIO, ...change }, audioPassed: false });
    expect(sound).toMatchObject({ plays: true, reason: { code: 'audio.converted' } });
    expect(sound?.reason?.message).toContain(`${form},`);
  });
});
