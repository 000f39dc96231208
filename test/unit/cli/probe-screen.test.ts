import { describe, expect, it } from 'vitest';
import { progressDisplay } from '../../../src/cli/probe-display.ts';
import { screenLines } from '../../../src/cli/probe-screen.ts';
import type { ProbeReport, ProfileReport } from '../../../src/probe/report.ts';

const plain = (_: string, text: string): string => text;

const REPORT: ProbeReport = {
  target: '10.0.0.1',
  id: null,
  kind: 'onvif',
  address: '10.0.0.1',
  manufacturer: null,
  model: null,
  firmware: null,
  serial: null,
  hardware: null,
  credentials: 'unknown',
  clockOffsetMs: null,
  onvif: null,
  profiles: [],
  reason: null,
  hints: [],
  complete: true,
};

const PROFILE: ProfileReport = {
  token: 'p1',
  name: 'p1',
  videoSource: null,
  url: 'rtsp://10.0.0.1/live',
  configured: null,
  transport: null,
  seconds: null,
  firstPacketMs: null,
  firstKeyframeMs: null,
  video: null,
  audio: null,
  metadata: null,
  browser: { plays: null, reasons: [], notes: [], sound: null },
  reason: null,
};

const TRACK = { packets: 10, lost: 0, malformed: 0, jitterMs: null, senderReports: 0, clockOffsetMs: null };

const VIDEO: NonNullable<ProfileReport['video']> = {
  ...TRACK,
  codec: 'H264',
  profile: 'High',
  level: '4.0',
  profileLevelId: '640028',
  declaredProfileLevelId: '42001f',
  width: 1920,
  height: 1080,
  chroma: '4:2:0',
  bitDepth: 8,
  interlaced: true,
  frames: 10,
  framesPerSecond: 12.5,
  bitrateKbps: 4000,
  keyframes: 0,
  keyframeInterval: null,
  intraPictures: 0,
  secondsSinceKeyframe: 4.96,
  bFrames: true,
  reordered: true,
  damaged: 2,
  parameterSets: { sdp: true, inBand: false },
  packetizationMode: 0,
  packetization: ['FU-A'],
  largestPayloadBytes: 1400,
};

const screen = (change: Partial<ProbeReport>): string => screenLines({ ...REPORT, ...change }, plain).join('\n');
const valueOf = (text: string, label: string): string | undefined => new RegExp(`^ {2}${label} +(.*)$`, 'm').exec(text)?.[1];

describe('the screen of probe', () => {
  it('says what is not known, and says nothing of what was not asked', () => {
    expect(screen({})).toBe('10.0.0.1\n  Endpoint      ONVIF at 10.0.0.1\n  Credentials   not tried');
  });

  it.each([
    [400, 'right (within a second)'],
    [-3000, 'right (3 s behind)'],
    [-7_200_000, '7200 s behind: set its time or NTP.'],
  ])('says of a clock that is %i ms off what it means', (clockOffsetMs, said) => {
    expect(valueOf(screen({ clockOffsetMs }), 'Clock')).toContain(said);
  });

  it('says what the camera has and what not', () => {
    const onvif = {
      services: [
        { name: 'media', version: '2.60' },
        { name: 'ptz', version: null },
      ],
      events: true,
      ptz: true,
    };
    const text = screen({ onvif: { ...onvif, imaging: false, snapshot: null, audioOutputs: 0 } });
    expect(valueOf(text, 'Services')).toBe('media 2.60, ptz');
    expect(valueOf(text, 'Has')).toBe('events, PTZ; not: imaging, audio output (talk-back)');
    expect(valueOf(text, 'Clock')).toContain('does not tell');
  });

  it('has what is measured of a profile, and beside it what is configured', () => {
    const configured = {
      video: { codec: 'H264', profile: 'Main', width: 1920, height: 1080, framesPerSecond: 25, bitrateKbps: 4096, govLength: 50 },
      audio: { codec: 'AAC', sampleRateHz: 16_000, bitrateKbps: 64 },
      metadata: true,
      audioDecoder: false,
      ptz: false,
    };
    const text = screen({
      profiles: [{ ...PROFILE, configured, video: VIDEO, transport: 'udp', seconds: 5, firstPacketMs: 80 }],
    });
    expect(valueOf(text, 'Pulled')).toBe('by UDP for 5 s, first packet after 80 ms');
    const beside = (label: string): string[] | undefined => valueOf(text, label)?.split(/ {2,}/);
    expect(beside('Video')).toEqual(['H.264 High@4.0 (640028, declared as 42001f)', 'H.264 Main']);
    expect(beside('Resolution')).toEqual(['1920x1080, interlaced', '1920x1080']);
    expect(beside('Frame rate')).toEqual(['12.5 /s', '25 /s']);
    expect(beside('Bitrate')).toEqual(['4000 kbit/s', 'at most 4096 kbit/s']);
    expect(beside('Keyframes')).toEqual(['none came in 5.0 s', 'every 50 frames']);
    expect(beside('Sound')).toEqual(['-', 'AAC 16 kHz']);
    expect(beside('Metadata')).toEqual(['-', 'yes']);
    expect(valueOf(text, 'B-frames')).toMatch(/^yes/);
    expect(valueOf(text, 'Packets')).toContain('2 damaged pictures; FU-A (mode 0 declared), up to 1400 bytes');
    expect(valueOf(text, 'Time')).toContain('no sender reports');
    expect(valueOf(text, 'Talk-back')).toContain('no audio decoder');
  });

  it('says how often keyframes come', () => {
    const keyframes = (change: Partial<typeof VIDEO>): string | undefined =>
      valueOf(screen({ profiles: [{ ...PROFILE, video: { ...VIDEO, keyframes: 3, ...change } }] }), 'Keyframes');
    expect(keyframes({ keyframeInterval: { frames: 50, seconds: 2, longestSeconds: 2 } })).toBe('every 2.0 s (50 frames)');
    expect(keyframes({ keyframeInterval: { frames: 50, seconds: 2, longestSeconds: 9 } })).toBe(
      'every 2.0 s (50 frames), up to 9.0 s',
    );
    expect(keyframes({ keyframes: 1, secondsSinceKeyframe: 4 })).toBe('one came, and no other in 4.0 s after it');
    expect(keyframes({ keyframes: null })).toBe('-');
  });

  it('says the verdict with what to set, and a failure once', () => {
    const reason = { code: 'rtsp.status', message: 'It answered 503.', advice: 'Close other viewers.' };
    const sound = { plays: false, reason: { code: 'audio.codec', message: 'The sound is AAC.', advice: 'Set G.711.' } };
    const plays = { ...PROFILE, browser: { plays: true, reasons: [], notes: [], sound } };
    expect(screen({ profiles: [plays] })).toContain(
      'Plays in a browser: yes, without its sound\n    - The sound is AAC.\n      Set G.711.',
    );
    const failed = { ...PROFILE, reason, browser: { ...PROFILE.browser, reasons: [reason] } };
    const text = screen({ profiles: [failed], reason });
    expect(text).toContain('Plays in a browser: not known\n    - It answered 503.\n      Close other viewers.');
    expect(text.match(/503/g)).toHaveLength(1);
    expect(screen({ reason, complete: false })).toMatch(/\n\nFailed\n {2}It answered 503\.\n {2}Close other viewers\.$/);
    expect(screen({ complete: false })).toContain('Interrupted');
  });

  it('is never wider than 100 columns', () => {
    const long = `${'x'.repeat(150)} ${'word '.repeat(60)}`.trim();
    const reason = { code: 'c', message: long, advice: long };
    const configured = { video: null, audio: null, metadata: false, audioDecoder: false, ptz: false };
    const profile = { ...PROFILE, name: long, url: `rtsp://10.0.0.1/${long}`, configured, video: { ...VIDEO, profile: long } };
    const report = {
      ...{ manufacturer: long, model: long, serial: long, reason, hints: [long] },
      profiles: [{ ...profile, browser: { plays: false, reasons: [reason], notes: [reason], sound: null } }],
    };
    const lines = screen(report).split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBe(100);
    // Nothing of it is lost.
    expect(
      lines
        .join('')
        .replaceAll(/\s/g, '')
        .match(/x{150}/g)?.length,
    ).toBeGreaterThan(4);
  });
});

describe('the progress of probe', () => {
  const progress = {
    name: 'main',
    position: 1,
    total: 2,
    elapsedMs: 2500,
    packets: 300,
    frames: 60,
    keyframes: 2,
    bitrateKbps: 1999.6,
  };

  it('is a line that is rewritten on a terminal, and taken away at the end', () => {
    const written: string[] = [];
    const display = progressDisplay({ isTTY: true, columns: 67, write: (text) => written.push(text) }, 5000);
    display.step('asking');
    display.pulling(progress);
    display.end();
    expect(written).toEqual([
      '\r\u001B[KAsking ...',
      '\r\u001B[K[##########..........] profile 1 of 2, main: 300 packets, 60 frame',
      '\r\u001B[K',
    ]);
  });

  it('is a line for each step elsewhere', () => {
    const written: string[] = [];
    const display = progressDisplay({ write: (text) => written.push(text) }, 5000);
    display.step('asking');
    display.pulling(progress);
    display.end();
    expect(written).toEqual(['Asking ...\n']);
  });
});
