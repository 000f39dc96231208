import { describe, expect, it, vi } from 'vitest';
import { describeReason, type Reason } from '../../../src/base/errors.ts';
import { WAIT } from '../peer/webrtc/loopback-viewer.ts';
import { runServer, type RunningServer } from '../simulator/rtsp/server-fixture.ts';
import { cameraAt, open, startPlane, view, type Opened } from './fixture.ts';

async function ends({ states }: Opened, code: string): Promise<void> {
  await vi.waitFor(() => expect(states.at(-1)).toBe(`closed ${code}`), WAIT);
}

async function hasConnections(camera: RunningServer, count: number): Promise<void> {
  await vi.waitFor(() => expect(camera.server.connections).toBe(count), WAIT);
}

const OVER: Reason = { code: 'test.over', message: 'Enough.' };

describe('a pull', () => {
  it('begins with the first viewer, serves all of a profile, and ends a while after the last', async () => {
    const camera = await runServer();
    const plane = startPlane({ lingerMs: 50 });
    plane.control.setCamera(cameraAt(camera));
    await plane.control.stats();
    expect([camera.server.connections, plane.streams]).toEqual([0, []]);
    const first = open(plane.control, 'a');
    await vi.waitFor(() => expect(plane.streams.at(-1)).toBe('main playing'), WAIT);
    const second = open(plane.control, 'b', 'main');
    await vi.waitUntil(() => second.offers.length > 0, WAIT);
    expect(camera.server.connections).toBe(1);
    first.session.close(OVER);
    second.session.close(OVER);
    await ends(second, 'test.over');
    await hasConnections(camera, 0);
    await vi.waitFor(() => expect(plane.streams).toEqual(['main connecting', 'main playing', 'main idle']), WAIT);
    expect(plane.media.at(-1)).toEqual({ video: 'H264', audio: 'PCMU', sound: true, metadata: true, warnings: [] });
  });

  it('of another profile is another connection', async () => {
    const camera = await runServer();
    const plane = startPlane();
    plane.control.setCamera(cameraAt(camera));
    open(plane.control, 'a', 'main');
    open(plane.control, 'b', 'sub');
    await hasConnections(camera, 2);
    await vi.waitFor(
      () => expect(plane.streams.filter((state) => state.endsWith('playing')).sort()).toEqual(['main playing', 'sub playing']),
      WAIT,
    );
  });

  it('begins anew where the camera moved, and its viewers go on', async () => {
    const [here, there] = [await runServer(), await runServer()];
    const plane = startPlane({ adaptive: false });
    plane.control.setCamera(cameraAt(here));
    const opened = open(plane.control, 'a');
    const { packets } = await view(opened);
    await vi.waitUntil(() => packets.some(({ header }) => header.payloadType === 102), WAIT);
    plane.control.setCamera(cameraAt(here));
    plane.control.setCamera(cameraAt(there));
    await hasConnections(there, 1);
    await hasConnections(here, 0);
    await vi.waitFor(
      () => expect(plane.streams).toEqual(['main connecting', 'main playing', 'main idle', 'main connecting', 'main playing']),
      WAIT,
    );
    const before = packets.length;
    await vi.waitUntil(() => packets.slice(before).some(({ header }) => header.payloadType === 102 && header.marker), WAIT);
    expect(opened.states).toEqual(['connecting', 'live']);
    // One stream to the viewer, numbered through: what was not received was sent all the same.
    const video = packets.filter(({ header }) => header.payloadType === 102).map(({ header }) => header);
    expect(new Set(video.map(({ ssrc }) => ssrc)).size).toBe(1);
    const numbers = video.map(({ sequenceNumber }) => sequenceNumber);
    expect(numbers).toEqual(numbers.toSorted((one, other) => one - other));
    const { sessions } = await plane.control.stats();
    expect((numbers.at(-1) ?? 0) - (numbers[0] ?? 0)).toBeLessThan(sessions[0]?.packetsSent ?? 0);
  });

  it('goes on where the camera is set again as it was', async () => {
    const camera = await runServer();
    const plane = startPlane();
    plane.control.setCamera(cameraAt(camera));
    open(plane.control, 'a');
    await vi.waitFor(() => expect(plane.streams.at(-1)).toBe('main playing'), WAIT);
    plane.control.setCamera({ ...cameraAt(camera), clockOffsetMs: 5000 });
    await plane.control.stats();
    expect(plane.streams).toEqual(['main connecting', 'main playing']);
  });

  it('asks the camera for a keyframe once it plays', async () => {
    const camera = await runServer();
    const plane = startPlane();
    plane.control.setCamera(cameraAt(camera));
    open(plane.control, 'a', 'sub');
    await vi.waitFor(() => expect(plane.keyframesWanted).toContain('yard sub'), WAIT);
  });
});

describe('a session', () => {
  it('brings picture and sound to its viewer, and is counted', async () => {
    const camera = await runServer();
    const { control } = startPlane({ adaptive: false });
    control.setCamera(cameraAt(camera));
    const opened = open(control, 'a');
    const { viewer, packets } = await view(opened);
    await vi.waitUntil(() => new Set(packets.map(({ header }) => header.payloadType)).size === 2, WAIT);
    expect(new Set(packets.map(({ header }) => header.payloadType))).toEqual(new Set([102, 0]));
    expect(opened.offers[0]?.subprotocols).toEqual(['vnd.onvif.metadata+gzip']);
    const { streams, sessions } = await control.stats();
    expect(streams).toMatchObject([
      { cameraId: 'yard', profile: 'main', state: 'playing', readers: 1, packetsLost: 0, reconnects: 0 },
    ]);
    expect(streams[0]?.packetsReceived).toBeGreaterThan(0);
    expect(streams[0]?.keyframes).toBeGreaterThan(0);
    expect(sessions).toMatchObject([
      { sessionId: 'a', cameraId: 'yard', profile: 'main', audioCodec: 'PCMU', state: 'live', packetsDropped: 0 },
    ]);
    expect(sessions[0]?.packetsSent).toBeGreaterThan(0);
    expect(sessions[0]?.firstPacketMs).toBeGreaterThan(0);
    await viewer.connection.close();
  });

  it('is told of a candidate that is none, and goes on', async () => {
    const camera = await runServer();
    const { control } = startPlane();
    control.setCamera(cameraAt(camera));
    const opened = open(control, 'a');
    opened.session.addCandidate({ candidate: 'candidate:nonsense' });
    await view(opened);
    await vi.waitFor(() => expect(opened.refused.map(({ code }) => code)).toEqual(['session.candidate']), WAIT);
  });

  it.each([
    ['of a camera that is not there', 'elsewhere', undefined, 'camera.profile_gone'],
    ['of a profile that is not there', 'yard', 'third', 'camera.profile_gone'],
  ])('%s is refused', async (_, cameraId, profile, code) => {
    const { control } = startPlane();
    control.setCamera({ id: 'yard', clockOffsetMs: 0, profiles: [{ token: 'main', uri: 'rtsp://127.0.0.1:9/main' }] });
    const opened = open(control, 'a', profile, cameraId);
    await ends(opened, code);
    expect((await control.stats()).sessions).toEqual([]);
  });

  it('of a profile whose token would write into a terminal is refused in text that does not', async () => {
    const { control } = startPlane();
    control.setCamera({ id: 'yard', clockOffsetMs: 0, profiles: [] });
    const nothing = (): void => undefined;
    const reason = await new Promise<Reason | undefined>((resolve) => {
      const events = { offer: nothing, candidate: nothing, candidateRefused: nothing, notice: nothing };
      control.openSession(
        { id: 'a', cameraId: 'yard', profile: 'a\u001b[2J\nb', iceServers: [] },
        { ...events, state: (_, why) => resolve(why) },
      );
    });
    expect(reason?.message).toBe('The camera has no profile a [2J b.');
  });

  it('too many is refused, and has its place at once when another is closed', async () => {
    const camera = await runServer();
    const { control } = startPlane({ maxSessions: 1 });
    control.setCamera(cameraAt(camera));
    const first = open(control, 'a');
    expect(() => open(control, 'b')).toThrow(expect.objectContaining({ code: 'session.limit' }) as Error);
    first.session.close(OVER);
    const third = open(control, 'c');
    await vi.waitFor(() => expect(third.offers).toHaveLength(1), WAIT);
  });

  it('too many is refused, and has its place when another ends by itself', async () => {
    const camera = await runServer();
    const { control } = startPlane({ maxSessionsPerCamera: 1 });
    control.setCamera(cameraAt(camera));
    const first = open(control, 'a', 'no-such-profile');
    await ends(first, 'camera.profile_gone');
    const second = open(control, 'b');
    await vi.waitFor(() => expect(second.offers).toHaveLength(1), WAIT);
  });

  it('of a camera that sends no H.264 ends with the remedy', async () => {
    const camera = await runServer();
    camera.server.faults.description = 'av1';
    const plane = startPlane();
    plane.control.setCamera(cameraAt(camera));
    const opened = open(plane.control, 'a');
    await ends(opened, 'stream.no_h264');
    expect(plane.streams.at(-1)).toBe('main failed');
    expect(plane.reasons.map(describeReason).join('\n')).toContain('H.264');
  });

  it('ends with its profile, and no other', async () => {
    const camera = await runServer();
    const { control } = startPlane();
    control.setCamera(cameraAt(camera));
    const [main, sub] = [open(control, 'a', 'main'), open(control, 'b', 'sub')];
    await hasConnections(camera, 2);
    control.setCamera({ ...cameraAt(camera), profiles: cameraAt(camera).profiles.slice(1) });
    await ends(main, 'camera.profile_gone');
    await hasConnections(camera, 1);
    expect(sub.states).toEqual(['connecting']);
  });

  it('ends with its camera, and no other', async () => {
    const camera = await runServer();
    const { control } = startPlane();
    control.setCamera(cameraAt(camera));
    control.setCamera(cameraAt(camera, 'gate'));
    const [yard, gate] = [open(control, 'a'), open(control, 'b', 'main', 'gate')];
    await hasConnections(camera, 2);
    control.removeCamera('yard');
    await ends(yard, 'camera.removed');
    await hasConnections(camera, 1);
    expect(gate.states).toEqual(['connecting']);
    const again = open(control, 'c');
    await ends(again, 'camera.profile_gone');
  });

  it('that is over takes messages without effect', async () => {
    const { control } = startPlane();
    const opened = open(control, 'a');
    await ends(opened, 'camera.profile_gone');
    opened.session.answer('v=0', []);
    opened.session.addCandidate({ candidate: '' });
    opened.session.close(OVER);
    await control.stats();
    expect(opened.states).toHaveLength(1);
  });
});
