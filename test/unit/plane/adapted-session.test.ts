import type { RtpPacket } from 'werift';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { PathView } from '../../../src/peer/congestion/path-view.ts';
import { PathEstimate } from '../../../src/peer/egress/path-estimate.ts';
import { Session } from '../../../src/peer/session.ts';
import type { MediaControl } from '../../../src/plane/media-control.ts';
import type { CameraSource, SessionStats } from '../../../src/plane/messages.ts';
import { WAIT } from '../peer/webrtc/loopback-viewer.ts';
import { runServer, type RunningServer } from '../simulator/rtsp/server-fixture.ts';
import { open, startPlane, view } from './fixture.ts';
import { CALM as CALM_PATH } from '../peer/congestion/calm-path.ts';

/* A media plane with a camera and a viewer over loopback, of whose path the test says what is known. */

const CALM: PathView = { ...CALM_PATH, estimateBitsPerSecond: 50_000_000, queueMs: 0, roundTripMs: 1, sentBitsPerSecond: 0 };

let path: PathView;

beforeEach(() => {
  path = CALM;
  vi.spyOn(Session.prototype, 'path', 'get').mockImplementation(() => path);
});

afterEach(() => vi.restoreAllMocks());

/** What its configuration says is far apart, whatever is measured. */
function camera(main: RunningServer, sub = main, rest: Partial<CameraSource> = {}): CameraSource {
  const video = { codec: 'H264', width: 640, height: 360 };
  return {
    id: 'yard',
    clockOffsetMs: 0,
    profiles: [
      { token: 'main', uri: `${main.url}/main`, video, bitrateKbps: 4000 },
      { token: 'sub', uri: `${sub.url}/sub`, video, bitrateKbps: 400 },
    ],
    ...rest,
  };
}

async function session(control: MediaControl): Promise<SessionStats | undefined> {
  return (await control.stats()).sessions[0];
}

async function shows(control: MediaControl, profile: string): Promise<void> {
  await vi.waitFor(async () => expect(await session(control)).toMatchObject({ profile }), WAIT);
}

/** The picture's sequence numbers do not go on one by one. */
function missed(packets: readonly RtpPacket[]): boolean {
  const numbers = packets.filter(({ header }) => header.payloadType === 102).map(({ header }) => header.sequenceNumber);
  return numbers.slice(1).some((number, index) => ((number - (numbers[index] ?? 0)) & 0xffff) !== 1);
}

/** Of what is measured of the profile half. */
async function narrow(control: MediaControl): Promise<void> {
  await vi.waitFor(async () => expect((await session(control))?.adaptation?.rungs.length).toBeGreaterThan(1), WAIT);
  const most = (await session(control))?.adaptation?.rungs.at(-1)?.kbps ?? 0;
  path = { ...CALM, estimateBitsPerSecond: most * 500, capacityBitsPerSecond: most * 500, queueMs: 400 };
}

it('a viewer whose path carries less goes over to the lower profile and misses no number; the pull of the former ends', async () => {
  const running = await runServer();
  const { control, streams } = startPlane({ lingerMs: 0, adaptive: true });
  control.setCamera(camera(running));
  const { packets } = await view(open(control, 'a'));
  await shows(control, 'main');
  await narrow(control);
  await shows(control, 'sub');
  await vi.waitFor(() => expect(streams).toContain('main idle'), WAIT);
  expect(await session(control)).toMatchObject({
    requestedProfile: 'main',
    adaptation: { switches: 1, last: { reason: 'collapsed' } },
  });

  expect(missed(packets)).toBe(false);
  control.removeCamera('yard');
  await vi.waitFor(() => expect(running.server.connections).toBe(0), WAIT);
});

it.each([
  ['the camera', { adaptation: { adaptive: false } }, { adaptive: true }],
  ['all cameras', {}, { adaptive: false }],
])('a viewer is shown what it asked for, whatever its path carries, where that is said of %s', async (_, rest, settings) => {
  const running = await runServer();
  const { control } = startPlane(settings);
  control.setCamera(camera(running, running, rest));
  path = { ...CALM, estimateBitsPerSecond: 1000, queueMs: 900 };
  const { packets } = await view(open(control, 'a'));
  await vi.waitFor(() => expect(packets.length).toBeGreaterThan(200), WAIT);
  expect(await session(control)).toMatchObject({ profile: 'main', adaptation: null });
});

it.each([true, false])(
  'a viewer is told how long to hold pictures back where it adapts, and only there: %s',
  async (adaptive) => {
    const asked = vi.spyOn(PathEstimate.prototype, 'playoutDelayMs', 'get');
    const running = await runServer();
    const { control } = startPlane({ adaptive });
    control.setCamera(camera(running));
    const { packets } = await view(open(control, 'a'));
    await vi.waitFor(() => expect(packets.length).toBeGreaterThan(200), WAIT);
    expect(asked.mock.calls.length > 0).toBe(adaptive);
  },
);

it('a viewer is shown no more than the ceiling, from the first picture on: the profile above is not pulled', async () => {
  const [main, sub] = [await runServer(), await runServer()];
  const { control } = startPlane({ adaptive: true });
  control.setCamera(camera(main, sub, { adaptation: { ceiling: 'sub' } }));
  const { packets } = await view(open(control, 'a', 'main'));
  await vi.waitFor(() => expect(packets.length).toBeGreaterThan(0), WAIT);
  expect(await session(control)).toMatchObject({ profile: 'sub', requestedProfile: 'main' });
  expect(main.server.accepted).toBe(0);
});

it('a lower profile that the camera refuses is left out at once: the viewer misses nothing, and later goes on with what is left of its own', async () => {
  const running = await runServer();
  const { control, streams } = startPlane({ adaptive: true });
  const { profiles, ...rest } = camera(running);
  const gone = profiles.map((profile) => (profile.token === 'sub' ? { ...profile, uri: 'rtsp://127.0.0.1:9/sub' } : profile));
  control.setCamera({ ...rest, profiles: gone });
  const { packets } = await view(open(control, 'a'));
  await vi.waitFor(() => expect(streams).toEqual(expect.arrayContaining(['sub failed', 'sub idle'])), WAIT);
  await vi.waitFor(async () => {
    expect((await session(control))?.adaptation?.rungs.map(({ profile }) => profile)).not.toContain('sub');
  }, WAIT);
  const before = packets.length;
  await vi.waitFor(() => expect(packets.length).toBeGreaterThan(before + 100), WAIT);
  expect(missed(packets)).toBe(false);
  expect(streams.filter((each) => each.startsWith('main'))).toEqual(['main connecting', 'main playing']);
  expect(await session(control)).toMatchObject({ profile: 'main', state: 'live', adaptation: { switches: 0 } });
  await narrow(control);
  const left = { profile: 'main', state: 'live', adaptation: { last: { reason: 'collapsed' }, switches: 1 } };
  await vi.waitFor(async () => expect(await session(control)).toMatchObject(left), WAIT);
});

it('a viewer that is shown the lower profile is shown the upper one where the lower is taken out of the camera', async () => {
  const running = await runServer();
  const { control } = startPlane({ adaptive: true });
  const source = camera(running);
  control.setCamera(source);
  await view(open(control, 'a'));
  await shows(control, 'main');
  await narrow(control);
  await shows(control, 'sub');
  control.setCamera({ ...source, profiles: source.profiles.slice(0, 1) });
  await shows(control, 'main');
  expect(await session(control)).toMatchObject({ state: 'live' });
});

it('a viewer of the lower profile is not left with one that was taken out and put back', async () => {
  const running = await runServer();
  const { control } = startPlane({ adaptive: true });
  const source = camera(running);
  control.setCamera(source);
  const { packets } = await view(open(control, 'a'));
  await shows(control, 'main');
  await narrow(control);
  await shows(control, 'sub');
  control.setCamera({ ...source, profiles: source.profiles.slice(0, 1) });
  control.setCamera(source);
  const before = packets.length;
  await vi.waitFor(() => expect(packets.length).toBeGreaterThan(before + 100), WAIT);
});

it('the lower profile is pulled once for all viewers of the upper one, and let go with the last of them', async () => {
  const running = await runServer();
  const { control, streams } = startPlane({ lingerMs: 0, adaptive: true });
  control.setCamera(camera(running));
  const [first, second] = [open(control, 'a'), open(control, 'b')];
  await Promise.all([view(first), view(second)]);
  await vi.waitFor(() => expect(streams).toContain('sub playing'), WAIT);
  first.session.close({ code: 'test.over', message: 'Over.' });
  await vi.waitFor(async () => expect((await control.stats()).sessions).toHaveLength(1), WAIT);
  const received = async (): Promise<number> => {
    return (await control.stats()).streams.find(({ profile }) => profile === 'sub')?.packetsReceived ?? 0;
  };
  const before = await received();
  await vi.waitFor(async () => expect(await received()).toBeGreaterThan(before + 20), WAIT);
  expect(running.server.accepted).toBe(2);
  second.session.close({ code: 'test.over', message: 'Over.' });
  await vi.waitFor(() => expect(streams).toEqual(expect.arrayContaining(['main idle', 'sub idle'])), WAIT);
  expect(running.server.accepted).toBe(2);
});

it('nothing else is pulled for a viewer of the lowest profile', async () => {
  const [main, sub] = [await runServer(), await runServer()];
  const { control } = startPlane({ adaptive: true });
  control.setCamera(camera(main, sub));
  const { packets } = await view(open(control, 'a', 'sub'));
  await vi.waitFor(async () => expect((await session(control))?.adaptation?.rungs.length).toBeGreaterThan(0), WAIT);
  await vi.waitFor(() => expect(packets.length).toBeGreaterThan(200), WAIT);
  expect([main.server.accepted, sub.server.accepted]).toEqual([0, 1]);
});

it('the lower profile is pulled again where it was taken out and put back', async () => {
  const [main, sub] = [await runServer(), await runServer()];
  const { control, streams } = startPlane({ adaptive: true });
  const source = camera(main, sub);
  control.setCamera(source);
  await view(open(control, 'a'));
  await vi.waitFor(() => expect(streams).toContain('sub playing'), WAIT);
  control.setCamera({ ...source, profiles: source.profiles.slice(0, 1) });
  control.setCamera(source);
  await vi.waitFor(() => expect(sub.server.accepted).toBe(2), WAIT);
});

it('a profile that breaks off while the lower one plays is waited for: its viewer is not moved', async () => {
  const [main, sub] = [await runServer(), await runServer()];
  const { control, streams } = startPlane({ adaptive: true });
  control.setCamera(camera(main, sub));
  const { packets } = await view(open(control, 'a'));
  await vi.waitFor(() => expect(streams).toContain('sub playing'), WAIT);
  await main.server.reboot(0);
  await vi.waitFor(() => expect(streams.filter((each) => each === 'main playing')).toHaveLength(2), WAIT);
  const before = packets.length;
  await vi.waitFor(() => expect(packets.length).toBeGreaterThan(before + 100), WAIT);
  expect(await session(control)).toMatchObject({ profile: 'main', adaptation: { switches: 0, last: null } });
});
