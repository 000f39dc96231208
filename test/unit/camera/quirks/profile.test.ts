import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { atOnce } from '../../../../src/base/dial-stagger.ts';
import type { TranscodeMode } from '../../../../src/base/transcode-mode.ts';
import type { Reason } from '../../../../src/base/errors.ts';
import { silentLogger } from '../../../../src/base/log.ts';
import { encodeInterleaved } from '../../../../src/camera/rtsp/interleaved.ts';
import { readProfiles } from '../../../../src/camera/camera-profiles.ts';
import { NO_CONFIGURATIONS, type OnvifProfile } from '../../../../src/camera/onvif/profiles.ts';
import type { StreamMedia, StreamState } from '../../../../src/plane/messages.ts';
import { RequestPace } from '../../../../src/media/keyframe-policy.ts';
import { PulledProfile } from '../../../../src/plane/pulled-profile.ts';
import { H264Camera, IDR, SLICES } from '../../media/h264-camera.ts';
import { rtpBytes } from '../../media/rtp-bytes.ts';
import { cameraWith } from '../rtsp/pull.ts';
import type { ScriptedCamera } from '../rtsp/scripted-camera.ts';
import { H264_AND_PCMU, sdp } from './described-stream.ts';
import { soon } from './soon.ts';

/* Rows 7 and 8 of docs/camera-quirks.md, and what else a profile says of itself that viewers will miss. */

const [SLICE = Buffer.alloc(0)] = SLICES;
const B = Buffer.from([0x01, 0xa2, 0x11, 0x22, 0x33]);

interface Told {
  state: StreamState;
  reason: Reason | undefined;
  media: StreamMedia | undefined;
}

/** Pulls a camera that describes itself so and sends those packets of its first track; returns all that the profile tells. */
async function pulled(
  description: string,
  packets: readonly Buffer[],
  transcode: TranscodeMode = 'auto',
): Promise<{ told: Told[]; camera: ScriptedCamera; profile: PulledProfile }> {
  const camera = await cameraWith({
    DESCRIBE: () => ({ body: description }),
    PLAY: () => ({ behind: Buffer.concat(packets.map((packet) => encodeInterleaved(0, packet))) }),
  });
  const told: Told[] = [];
  const profile = new PulledProfile({
    camera: { id: 'yard', profiles: [], clockOffsetMs: 0 },
    transcode,
    profile: { token: 'main', uri: camera.url },
    lingerMs: 0,
    keyframeCacheBytes: 1e6,
    turn: atOnce,
    clock: { now: () => Date.now() },
    logger: silentLogger,
    onState: (state, reason, media) => told.push({ state, reason, media }),
    keyframePace: new RequestPace(),
    onKeyframeWanted: () => undefined,
  });
  onTestFinished(() => profile.close());
  profile.retain();
  return { told, camera, profile };
}

describe('quirk 7: B-frames (mediamtx#1491, #3022)', () => {
  it('are told with what to set, once, and the profile plays on', async () => {
    const camera = new H264Camera(1, 0);
    const packets = (
      [
        [IDR, 0],
        [SLICE, 3],
        [B, 1],
        [B, 2],
        [SLICE, 6],
        [B, 4],
      ] as const
    ).flatMap(([nal, place]) => {
      camera.timestamp = place * 3600;
      return camera.picture([nal]);
    });
    const { told } = await pulled(H264_AND_PCMU, packets);
    await soon(() => expect(told.at(-1)?.media?.warnings).toHaveLength(1));
    expect(told.at(-1)).toMatchObject({ state: 'playing', media: { video: 'H264', warnings: [{ code: 'stream.b_frames' }] } });
    const [warning] = told.at(-1)?.media?.warnings ?? [];
    expect(warning?.message).toContain('B-frames');
    expect(warning?.advice).toContain('Baseline');
  });
});

describe('quirk 8: H.265 and H.265+ (go2rtc#1439, #706, #240)', () => {
  it('is named as what the profile sends, with what to set', async () => {
    const description = sdp(
      ...['v=0', 's=RTSP/RTP stream from anjvision ipcamera', 'm=video 0 RTP/AVP 96', 'a=rtpmap:96 H265/90000'],
      'a=fmtp:96 packetization-mode=0;profile-id=1;sprop-vps=QAEMAf//AUAAAAMAAAMAAAMAAAMAmawJ',
    );
    const { told } = await pulled(description, new H264Camera(1, 0).picture([IDR]));
    await soon(() => expect(told.at(-1)?.state).toBe('playing'));
    const { media } = told.at(-1) ?? {};
    expect([media?.video, media?.warnings.map(({ code }) => code)]).toEqual(['H265', ['stream.h265']]);
    expect(media?.warnings[0]?.message).toContain('H.265');
    expect(media?.warnings[0]?.advice).toContain('H.264');
  });

  it('is told from what nobody plays, where nothing is converted', async () => {
    const description = sdp('v=0', 'm=video 0 RTP/AVP 26', 'a=rtpmap:26 JPEG/90000');
    const { told } = await pulled(description, [], 'never');
    await soon(() => expect(told.at(-1)?.state).toBe('failed'));
    const { reason, media } = told.at(-1) ?? {};
    expect([reason?.code, media?.video]).toEqual(['stream.no_h264', 'JPEG']);
    expect(reason?.message).toContain('JPEG');
    expect(reason?.advice).toMatch(/H\.264.*transcode to auto/);
  });

  it('is told from what nobody plays and nothing makes H.264 of, whatever the config says', async () => {
    const { told } = await pulled(sdp('v=0', 'm=video 0 RTP/AVP 96', 'a=rtpmap:96 AV1/90000'), []);
    await soon(() => expect(told.at(-1)?.reason?.code).toBe('stream.no_h264'));
    expect(told.at(-1)?.reason?.advice).not.toContain('transcode');
  });

  it('is not what a session without a profile is given, where there is one with H.264', async () => {
    const profile = (token: string, codec: string): OnvifProfile => ({
      token,
      name: token,
      videoSource: 'source',
      video: { codec, profile: null, width: 1920, height: 1080, framesPerSecond: 25, bitrateKbps: 4096, govLength: 50 },
      audio: null,
      metadata: false,
      audioDecoder: false,
      ptz: false,
      configurations: NO_CONFIGURATIONS,
    });
    const device = {
      profiles: () => Promise.resolve([profile('main', 'H265'), profile('third', 'JPEG'), profile('sub', 'H264')]),
      streamUri: (token: string) => Promise.resolve(`rtsp://192.0.2.1/${token}`),
    };
    expect((await readProfiles(device, 'yard')).map(({ token }) => token)).toEqual(['sub', 'main', 'third']);
  });
});

/** Has the camera send these, again and again, until then by the (faked) clock. */
async function play(
  { camera, profile }: { camera: ScriptedCamera; profile: PulledProfile },
  next: () => readonly Buffer[],
  untilMs: number,
): Promise<void> {
  while (performance.now() < untilMs) {
    const { bytesReceived } = profile.stats();
    for (const packet of next()) camera.sendFrame(0, packet);
    await soon(() => expect(profile.stats().bytesReceived).toBeGreaterThan(bytesReceived));
    vi.advanceTimersByTime(1500);
  }
}

/** What is told of missing pictures; that the camera also gives none on request is told earlier. */
function unseen(told: readonly Told[]): Reason[] {
  return (told.at(-1)?.media?.warnings ?? []).filter(({ code }) => code !== 'stream.no_keyframe_on_request');
}

describe('video without a picture', () => {
  const h264 = new H264Camera(1, 0);
  it.each([
    ['it has no keyframe', () => h264.picture([SLICE]), ['no keyframe']],
    ['it is of another payload type', () => [rtpBytes({ payload: SLICE, payloadType: 97 })], ['none of them could be read']],
    ['there is one, not', () => h264.picture([IDR]), []],
  ])('is told after half a minute: where %s', async (_, next, messages) => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const { told, camera, profile } = await pulled(H264_AND_PCMU, next());
    const warnings = (): string[] => unseen(told).map(({ message }) => message);
    await soon(() => expect(told.at(-1)?.state).toBe('playing'));
    const startMs = performance.now();
    const playUntil = (elapsedMs: number) => play({ camera, profile }, next, startMs + elapsedMs);
    await playUntil(27_000);
    expect(warnings()).toEqual([]);
    await playUntil(37_000);
    expect(warnings()).toEqual(messages.map((message) => expect.stringContaining(message) as string));
  });

  it('is told once of a camera that falls silent and sends again', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const next = () => h264.picture([SLICE]);
    const { told, camera, profile } = await pulled(H264_AND_PCMU, next());
    const codes = (): string[] => unseen(told).map(({ code }) => code);
    await soon(() => expect(told.at(-1)?.state).toBe('playing'));
    await play({ camera, profile }, next, performance.now() + 37_000);
    expect(codes()).toEqual(['stream.no_picture']);
    await soon(() => {
      // Slowly enough for the camera to answer whether it is there.
      vi.advanceTimersByTime(500);
      expect(told.at(-1)?.reason?.code).toBe('rtsp.silent');
    });
    await play({ camera, profile }, next, performance.now() + 37_000);
    expect(told.at(-1)?.state).toBe('playing');
    expect(codes()).toEqual(['stream.no_picture']);
  });
});
