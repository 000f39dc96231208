import { expect, it, vi } from 'vitest';
import type { CameraSource, ProfileSource, SessionStats } from '../../../src/plane/messages.ts';
import type { MediaControl } from '../../../src/plane/media-control.ts';
import { WAIT } from '../peer/webrtc/loopback-viewer.ts';
import { runServer, type RunningServer } from '../simulator/rtsp/server-fixture.ts';
import { open, startPlane, view } from './fixture.ts';

/* Viewers that play H.264 alone, as most browsers do, of cameras whose main profile has H.265. */

const H265 = { codec: 'H265', width: 1920, height: 1080 };
const H264 = { codec: 'H264', width: 640, height: 360 };

/** A device that says of its streams that they are H.265. */
async function runH265(): Promise<RunningServer> {
  const running = await runServer();
  running.server.faults.description = 'h265';
  return running;
}

function camera(main: string, sub: string, known: boolean, rest: Partial<CameraSource> = {}): CameraSource {
  const profile = (token: string, uri: string, video: ProfileSource['video']): ProfileSource => ({
    token,
    uri,
    ...(known && video !== undefined ? { video } : {}),
  });
  return { id: 'yard', clockOffsetMs: 0, profiles: [profile('main', main, H265), profile('sub', sub, H264)], ...rest };
}

/** As the statistics have it. */
async function session(control: MediaControl): Promise<Partial<SessionStats>> {
  const [first] = (await control.stats()).sessions;
  return {
    profile: first?.profile ?? '',
    requestedProfile: first?.requestedProfile ?? '',
    videoCodec: first?.videoCodec ?? null,
  };
}

const FROM_LADDER = { profile: 'sub', requestedProfile: 'main', videoCodec: 'H264' };

it.each([
  ['known from its configuration: the other is not even pulled', true, 0],
  ['found out when it is pulled', false, 1],
])(
  'a viewer is offered H.265 first, takes H.264, and is shown the profile that has it, where the codec is %s',
  async (_, known, pulls) => {
    const [main, sub] = [await runH265(), await runServer()];
    const { control } = startPlane();
    control.setCamera(camera(`${main.url}/main`, `${sub.url}/sub`, known));
    const opened = open(control, 'a', 'main');
    const { packets } = await view(opened);
    expect(opened.offers[0]?.offer).toMatch(/^m=video 9 UDP\/TLS\/RTP\/SAVPF 104 102 /m);
    await vi.waitFor(() => expect(packets.length).toBeGreaterThan(0), WAIT);
    await vi.waitFor(async () => expect(await session(control)).toEqual(FROM_LADDER), WAIT);
    expect(main.server.accepted).toBe(pulls);
  },
);

it('a viewer that is live goes over when its profile is set to H.265, and back when it has H.264 again: its numbers and times go on', async () => {
  const [main, changed, sub] = [await runServer(), await runH265(), await runServer()];
  const { control } = startPlane();
  const set = (of: RunningServer): void => control.setCamera(camera(`${of.url}/main`, `${sub.url}/sub`, false));
  set(main);
  const { packets } = await view(open(control, 'a', 'main'));
  const pictures = (): typeof packets => packets.filter(({ header }) => header.payloadType === 102);
  const seesMore = async (): Promise<void> => {
    const before = pictures().length;
    await vi.waitFor(() => expect(pictures().length).toBeGreaterThan(before + 100), WAIT);
  };
  await seesMore();
  set(changed);
  await vi.waitFor(async () => expect(await session(control)).toEqual(FROM_LADDER), WAIT);
  await seesMore();
  set(main);
  await seesMore();

  const seen = pictures().map(({ header }) => header);
  const steps = seen.slice(1).map((header, index) => {
    const before = seen[index];
    return {
      numbers: (header.sequenceNumber - (before?.sequenceNumber ?? 0)) & 0xffff,
      ticks: (header.timestamp - (before?.timestamp ?? 0)) | 0,
    };
  });
  expect(new Set(steps.map(({ numbers }) => numbers))).toEqual(new Set([1]));
  expect(Math.min(...steps.map(({ ticks }) => ticks))).toBe(0);
  // A camera that is connected to anew takes its time.
  expect(Math.max(...steps.map(({ ticks }) => ticks))).toBeLessThan(20 * 90_000);
});

it('a viewer is not kept waiting by a profile that cannot be pulled either: where nothing may be converted it is told so', async () => {
  const main = await runH265();
  const { control } = startPlane();
  control.setCamera(camera(`${main.url}/main`, 'rtsp://127.0.0.1:9/sub', true, { transcode: 'never' }));
  const opened = open(control, 'a', 'main');
  view(opened).catch(() => undefined);
  await vi.waitFor(() => expect(opened.states.at(-1)).toBe('closed session.video_codec'), WAIT);
});

it('a viewer whose camera has no H.264 is told so after its answer, where nothing may be converted', async () => {
  const main = await runH265();
  const { control } = startPlane({ transcode: 'never' });
  const { profiles, ...rest } = camera(`${main.url}/main`, '', true);
  control.setCamera({ ...rest, profiles: profiles.slice(0, 1) });
  const opened = open(control, 'a');
  view(opened).catch(() => undefined);
  await vi.waitFor(() => expect(opened.states.at(-1)).toBe('closed session.video_codec'), WAIT);
});
