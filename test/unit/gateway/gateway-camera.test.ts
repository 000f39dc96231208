import { expect, it, onTestFinished, vi } from 'vitest';
import { createLogger, silentLogger, type Logger } from '../../../src/base/log.ts';
import { GatewayCamera } from '../../../src/gateway/gateway-camera.ts';
import { DEFAULT_MEDIA_SETTINGS } from '../../../src/gateway/media-settings.ts';
import { MediaControl } from '../../../src/plane/media-control.ts';
import { Pictures } from '../../../src/plane/pictures.ts';
import type { MediaStats, SessionState } from '../../../src/plane/messages.ts';
import { fixedToken } from '../../../src/signaling/device/token/token-source.ts';
import { recordingLogger } from '../../support/site.ts';

const NOTHING: MediaStats = { streams: [], sessions: [], talks: [], ended: [] };
const NO_H264 = { code: 'stream.no_h264', message: 'The profile sends H265.' };
const PLAYED = { video: 'H264', audio: 'PCMU', sound: true, metadata: true, warnings: [] };

function mediaControl(): MediaControl {
  return new MediaControl({
    workers: 0,
    settings: DEFAULT_MEDIA_SETTINGS,
    clock: { now: () => 0 },
    logger: silentLogger,
    onStreamState: () => undefined,
    onKeyframeWanted: () => undefined,
  });
}

/** A camera by RTSP URI, before a media plane that is not started. */
function gatewayCamera(
  logger: Logger = silentLogger,
  media: MediaControl = mediaControl(),
): { camera: GatewayCamera; media: MediaControl; setNow: (ms: number) => void } {
  let now = Date.UTC(2026, 0, 2);
  const camera = new GatewayCamera({
    camera: { id: 'yard', name: 'The yard', rtsp: { main: 'rtsp://user:secret@192.0.2.9:8554/1', sub: 'rtsp://192.0.2.9/2' } },
    signaling: { server: 'ws://127.0.0.1:9/signaling?token=secret', tokens: fixedToken('secret') },
    media,
    pictures: new Pictures(media),
    clock: { now: () => now },
    logger,
  });
  onTestFinished(() => camera.close());
  return { camera, media, setNow: (ms) => void (now = ms) };
}

function session(cameraId: string, state: SessionState): MediaStats['sessions'][number] {
  return { cameraId, state } as MediaStats['sessions'][number];
}

it('a camera says who and how it is, and no secret', () => {
  const { camera } = gatewayCamera();
  const info = camera.info(NOTHING);
  expect(info).toMatchObject({
    id: 'yard',
    name: 'The yard',
    kind: 'rtsp',
    state: 'connecting',
    since: '2026-01-02T00:00:00.000Z',
    peer: null,
    signaling: { state: 'connecting', reason: null },
    viewers: 0,
    clockOffsetMs: null,
  });
  expect(JSON.stringify(info)).not.toContain('secret');
  expect(camera.registered).toBe(false);
});

it('a camera that is started is told to the media plane, and taken back from it at its end', async () => {
  const { camera, media } = gatewayCamera();
  const set = vi.spyOn(media, 'setCamera');
  const remove = vi.spyOn(media, 'removeCamera');
  camera.start();
  expect(set.mock.lastCall?.[0]).toMatchObject({
    id: 'yard',
    profiles: [
      { token: 'main', uri: 'rtsp://192.0.2.9:8554/1' },
      { token: 'sub', uri: 'rtsp://192.0.2.9/2' },
    ],
  });
  await camera.close();
  expect(remove.mock.calls).toEqual([['yard']]);
});

it('a camera that takes the id of one that is closing stays in the media plane', async () => {
  const { camera, media } = gatewayCamera();
  const { camera: next } = gatewayCamera(silentLogger, media);
  const told: string[] = [];
  const tell = (what: string) => void (told.at(-1) === what || told.push(what));
  vi.spyOn(media, 'setCamera').mockImplementation(() => tell('set'));
  vi.spyOn(media, 'removeCamera').mockImplementation(() => tell('remove'));
  camera.start();
  const closed = camera.close();
  next.start();
  await closed;
  await camera.close();
  expect(told).toEqual(['set', 'remove', 'set']);
});

it('the viewers of a camera are its live sessions alone', () => {
  const { camera } = gatewayCamera();
  const sessions = [session('yard', 'live'), session('yard', 'connecting'), session('gate', 'live'), session('yard', 'live')];
  expect(camera.info({ ...NOTHING, sessions }).viewers).toBe(2);
});

it('the clock of a camera is that of its sender reports where it sends some, else what ONVIF measured', () => {
  const { camera } = gatewayCamera();
  const status = vi.spyOn(camera.camera, 'status', 'get').mockReturnValue({ ...camera.camera.status, clockOffsetMs: 3000 });
  onTestFinished(() => status.mockRestore());
  const stream = (cameraId: string, clockOffsetMs: number | null): MediaStats['streams'][number] =>
    ({ cameraId, clockOffsetMs }) as MediaStats['streams'][number];
  const offset = (...streams: MediaStats['streams']): number | null => camera.info({ ...NOTHING, streams }).clockOffsetMs;
  expect(offset()).toBe(3000);
  expect(offset(stream('gate', 7), stream('yard', null))).toBe(3000);
  expect(offset(stream('gate', 7), stream('yard', null), stream('yard', 2875))).toBe(2875);
});

it('a profile is as its stream is, and keeps what it was seen to carry', () => {
  const { camera } = gatewayCamera();
  camera.start();
  const main = (): unknown => camera.info(NOTHING).profiles.find(({ token }) => token === 'main');
  expect(main()).toMatchObject({ audio: null, metadata: false, stream: { state: 'idle', reason: null } });
  camera.onStreamState('main', 'playing', undefined, PLAYED);
  expect(main()).toMatchObject({ audio: { codec: 'PCMU' }, metadata: true, stream: { state: 'playing', reason: null } });
  const reason = { code: 'rtsp.unreachable', message: 'Gone.' };
  camera.onStreamState('main', 'failed', reason, undefined);
  expect(main()).toMatchObject({ audio: { codec: 'PCMU' }, metadata: true, stream: { state: 'failed', reason } });
});

it('a profile says what of it is converted, and what that costs', () => {
  const { camera } = gatewayCamera();
  camera.start();
  const converted = { kind: 'audio', from: 'AAC', to: 'OPUS', state: 'running', reason: null, dropped: 2, cpu: 0.014 } as const;
  const stream = {
    cameraId: 'yard',
    profile: 'main',
    conversions: [{ ...converted, restarts: 1, transcoderId: 't' }],
  };
  const { profiles } = camera.info({ ...NOTHING, streams: [stream as unknown as MediaStats['streams'][number]] });
  expect(profiles.find(({ token }) => token === 'main')?.conversions).toEqual([converted]);
});

it('a profile of which the config says nothing shows the codec that was pulled', () => {
  const { camera } = gatewayCamera();
  camera.start();
  const video = (): unknown => camera.info(NOTHING).profiles.map((profile) => profile.video);
  expect(video()).toEqual([null, null]);
  camera.onStreamState('main', 'failed', NO_H264, { ...PLAYED, video: 'H265' });
  expect(video()).toEqual([{ codec: 'H265', width: null, height: null, framesPerSecond: null, bitrateKbps: null }, null]);
});

it('an rtsp: camera is failed from a pull that fails until one that plays, also while nobody watches', () => {
  const { camera, setNow } = gatewayCamera();
  camera.start();
  const health = () => {
    const { state, reason, since } = camera.info(NOTHING);
    return { state, reason, since: new Date(since).getTime() };
  };
  const reason = { code: 'rtsp.unreachable', message: 'Gone.' };
  const online = camera.info(NOTHING).since;
  expect(health()).toMatchObject({ state: 'online', reason: null });
  setNow(5000);
  camera.onStreamState('main', 'playing', undefined, PLAYED);
  expect(camera.info(NOTHING).since).toBe(online);
  camera.onStreamState('main', 'failed', reason, undefined);
  expect(health()).toEqual({ state: 'failed', reason, since: 5000 });
  setNow(9000);
  camera.onStreamState('main', 'failed', { ...reason, message: 'Still gone.' }, undefined);
  expect(health()).toEqual({ state: 'failed', reason: { ...reason, message: 'Still gone.' }, since: 5000 });
  camera.onStreamState('main', 'idle', undefined, undefined);
  expect(health()).toMatchObject({ state: 'failed', since: 5000 });
  camera.onStreamState('sub', 'connecting', undefined, undefined);
  expect(health()).toMatchObject({ state: 'failed' });
  camera.onStreamState('sub', 'playing', undefined, PLAYED);
  expect(health()).toEqual({ state: 'online', reason: null, since: 9000 });
  camera.onStreamState('main', 'failed', reason, undefined);
  expect(health()).toMatchObject({ state: 'online' });
});

it('an rtsp: camera is connecting during its first pull, until that plays or is given up', () => {
  const { camera, setNow } = gatewayCamera();
  camera.start();
  const health = () => {
    const { state, since } = camera.info(NOTHING);
    return { state, since: new Date(since).getTime() };
  };
  const before = health();
  setNow(1000);
  camera.onStreamState('main', 'connecting', undefined, undefined);
  expect(health()).toEqual({ state: 'connecting', since: 1000 });
  camera.onStreamState('main', 'idle', undefined, undefined);
  expect(health()).toEqual(before);
  camera.onStreamState('main', 'connecting', undefined, undefined);
  setNow(3000);
  camera.onStreamState('main', 'playing', undefined, PLAYED);
  expect(health()).toEqual({ state: 'online', since: 3000 });
  camera.onStreamState('main', 'idle', undefined, undefined);
  setNow(9000);
  camera.onStreamState('main', 'connecting', undefined, undefined);
  expect(health()).toEqual({ state: 'online', since: 3000 });
});

const unreachable = { code: 'rtsp.unreachable', message: '' };

it('a stream that fails has the camera asked for its URIs again, ever less often until one plays', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const { camera } = gatewayCamera();
  const times: number[] = [];
  vi.spyOn(camera.camera, 'refresh').mockImplementation(() => void times.push(performance.now() - startMs));
  const startMs = performance.now();
  camera.onStreamState('main', 'playing', undefined, undefined);
  expect(times).toEqual([]);
  const failFor = (seconds: number): void => {
    for (let elapsed = 0; elapsed < seconds; elapsed += 1) {
      camera.onStreamState('main', 'failed', unreachable, undefined);
      vi.advanceTimersByTime(1000);
    }
  };
  failFor(200);
  expect(times).toEqual([0, 5000, 15_000, 35_000, 75_000, 135_000, 195_000]);
  camera.onStreamState('main', 'playing', undefined, undefined);
  failFor(10);
  expect(times.slice(7)).toEqual([200_000, 205_000]);
});

it.each(['unauthorized', 'certificate', 'status', 'silent', 'stalled', 'udp'])('rtsp.%s is not explained by old URIs', (code) => {
  const { camera } = gatewayCamera();
  const refresh = vi.spyOn(camera.camera, 'refresh');
  camera.onStreamState('main', 'failed', { code: `rtsp.${code}`, message: '' }, undefined);
  camera.onStreamState('main', 'failed', NO_H264, undefined);
  expect(refresh).not.toHaveBeenCalled();
});

it.each(['not_found', 'bad_request', 'timeout', 'closed', 'unreachable'])('rtsp.%s may be explained by old URIs', (code) => {
  const { camera } = gatewayCamera();
  const refresh = vi.spyOn(camera.camera, 'refresh');
  camera.onStreamState('main', 'failed', { code: `rtsp.${code}`, message: '' }, undefined);
  expect(refresh).toHaveBeenCalledTimes(1);
});

it('what viewers miss is logged once, and shown as long as the stream is as it is', () => {
  const { logger, lines } = recordingLogger((destination) => createLogger({ destination }));
  const { camera } = gatewayCamera(logger);
  camera.start();
  const warning = { code: 'stream.no_sound', message: 'There is no sound, since ...', advice: 'Set ...' };
  const silent = { ...PLAYED, audio: 'MPEG4-GENERIC', sound: false, warnings: [warning] };
  const shown = () => camera.info(NOTHING).profiles.find(({ token }) => token === 'main')?.warnings;
  for (const media of [PLAYED, silent, silent, undefined]) camera.onStreamState('main', 'playing', undefined, media);
  expect(shown()).toEqual([warning]);
  camera.onStreamState('main', 'playing', undefined, PLAYED);
  expect(shown()).toEqual([]);
  camera.onStreamState('main', 'playing', undefined, silent);
  const warnings = lines.filter(({ msg }) => String(msg).includes('no sound'));
  expect(warnings.map(({ msg }) => msg)).toEqual(['camera yard, profile main: There is no sound, since ...']);
  expect(warnings[0]?.['reason']).toEqual(warning);
});

it('what viewers miss is logged again where it was gone for an hour', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const { logger, lines } = recordingLogger((destination) => createLogger({ destination }));
  const { camera } = gatewayCamera(logger);
  const media = { ...PLAYED, warnings: [{ code: 'transcode.failed', message: 'There is no sound.' }] };
  const logged: number[] = [];
  for (const afterMs of [0, 3_000_000, 3_000_000, 3_700_000]) {
    vi.advanceTimersByTime(afterMs);
    camera.onStreamState('main', 'playing', undefined, media);
    logged.push(lines.length);
  }
  expect(logged).toEqual([1, 1, 1, 2]);
});

it('a token that would write into a terminal goes into the log as text', () => {
  const { logger, lines } = recordingLogger((destination) => createLogger({ destination }));
  const { camera } = gatewayCamera(logger);
  const warnings = [{ code: 'stream.no_sound', message: 'There is no sound.' }];
  camera.onStreamState('a\u001b[2J\nb', 'playing', undefined, { ...PLAYED, warnings });
  expect(lines.map(({ msg }) => msg)).toEqual(['camera yard, profile a [2J b: There is no sound.']);
});
