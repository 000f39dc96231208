import { delay } from '../../../../src/base/delay.ts';
import { describe, expect, it, vi } from 'vitest';
import { RtpHeader } from 'werift';
import type { MediaControl } from '../../../../src/plane/media-control.ts';
import type { CameraSource } from '../../../../src/plane/messages.ts';
import { TALKBACK_FORMS } from '../../../../src/simulator/rtsp/talkback.ts';
import { makeViewer, WAIT, type LoopbackViewer } from '../../peer/webrtc/loopback-viewer.ts';
import { runServer, type RunningServer } from '../../simulator/rtsp/server-fixture.ts';
import { cameraAt, open, startPlane, type Opened } from '../fixture.ts';

/** Loud, and as one knows it again. */
const WORD = Buffer.alloc(160, 0x90);
const OTHER_WORD = Buffer.alloc(160, 0x10);

function talkingCamera(server: RunningServer): CameraSource {
  const source = cameraAt(server);
  return { ...source, profiles: source.profiles.map((profile) => ({ ...profile, talk: true })) };
}

/** A viewer who watches and may talk. */
async function watch(control: MediaControl, id: string): Promise<{ opened: Opened; viewer: LoopbackViewer }> {
  const opened = open(control, id);
  const viewer = makeViewer();
  const [first] = await vi.waitUntil(() => opened.offers.length > 0 && opened.offers, WAIT);
  expect(first?.offer).toMatch(/m=audio[\s\S]*a=sendrecv/);
  const answer = await viewer.answer(first?.offer ?? '');
  // werift's own answer only listens.
  opened.session.answer(answer.replace(/(m=audio[\s\S]*?)a=recvonly/, '$1a=sendrecv'), []);
  await viewer.gather((candidate) => opened.session.addCandidate(candidate));
  await vi.waitFor(() => expect(opened.states.at(-1)).toBe('live'), WAIT);
  return { opened, viewer };
}

/** Says so many words of 20 ms. */
async function say(viewer: LoopbackViewer, words: number, from = 0, word = WORD): Promise<void> {
  for (let at = from; at < from + words; at += 1) {
    const header = new RtpHeader({ payloadType: 0, sequenceNumber: at, timestamp: at * 160, ssrc: 0x1234_5678 });
    await viewer.transport.sendRtp(word, header);
    await delay(20);
  }
}

describe('a viewer who talks', () => {
  it('is heard by the camera, and a second one is told that he is not; both keep their sessions', async () => {
    const running = await runServer();
    const { control } = startPlane();
    control.setCamera(talkingCamera(running));
    const [anna, bert] = [await watch(control, 'a'), await watch(control, 'b')];
    await say(anna.viewer, 1);
    for (let at = 1; at <= 10; at += 1) {
      await say(anna.viewer, 1, at);
      await say(bert.viewer, 1, at, OTHER_WORD);
    }
    await vi.waitFor(() => expect(running.server.talkback.packets.length).toBeGreaterThanOrEqual(11), WAIT);
    expect(running.server.talkback.packets.every(({ samples }) => samples.equals(WORD))).toBe(true);
    // Again only where a busy machine made a pause of half a second.
    expect(bert.opened.notices[0]).toEqual({ code: 'talk.busy', message: 'Somebody else is talking to the camera.' });
    expect(anna.opened.notices).toEqual([]);
    expect([anna.opened.states.at(-1), bert.opened.states.at(-1)]).toEqual(['live', 'live']);
    let word = 20;
    await vi.waitFor(async () => {
      await say(anna.viewer, 1, (word += 1));
      const { talks, sessions } = await control.stats();
      expect(talks).toMatchObject([
        { cameraId: 'yard', state: 'open', session: 'a', talks: 1, refused: bert.opened.notices.length },
      ]);
      expect(sessions.map(({ sessionId, talking }) => [sessionId, talking])).toEqual([
        ['a', true],
        ['b', false],
      ]);
    }, WAIT);
  });

  it('and leaves makes room for the next, and the camera is let go with the last setting that names it', async () => {
    const running = await runServer();
    const { control } = startPlane();
    control.setCamera(talkingCamera(running));
    const [anna, bert] = [await watch(control, 'a'), await watch(control, 'b')];
    await say(anna.viewer, 5);
    await vi.waitFor(() => expect(running.server.talkback.packets.length).toBeGreaterThan(0), WAIT);
    anna.opened.session.close({ code: 'test.over', message: 'Over.' });
    await vi.waitFor(async () => expect((await control.stats()).sessions).toHaveLength(1), WAIT);
    let word = 0;
    await vi.waitFor(async () => {
      await say(bert.viewer, 1, (word += 1));
      expect((await control.stats()).talks).toMatchObject([{ session: 'b', talks: 2, refused: 0 }]);
    }, WAIT);
    expect(bert.opened.notices).toEqual([]);
    control.removeCamera('yard');
    await vi.waitFor(() => expect(running.server.connections).toBe(0), WAIT);
    expect((await control.stats()).talks).toEqual([]);
  });

  it('to a camera that takes AAC has an ffmpeg run by the control plane, which is gone when the plane is', async () => {
    const running = await runServer();
    running.server.talkback.forms = [TALKBACK_FORMS.aac];
    const { control } = startPlane();
    control.setCamera(talkingCamera(running));
    const { viewer } = await watch(control, 'a');
    await say(viewer, 20);
    await vi.waitFor(() => expect(running.server.talkback.packets.length).toBeGreaterThan(3), WAIT);
    expect(running.server.talkback.refused).toBe(0);
    await control.close();
    await vi.waitFor(() => expect(running.server.connections).toBe(0), WAIT);
  });
});

it('a profile that may not be talked to is offered as sound to hear only', async () => {
  const { control } = startPlane();
  control.setCamera(cameraAt(await runServer()));
  const { offers } = open(control, 'a');
  await vi.waitFor(() => expect(offers).toHaveLength(1), WAIT);
  expect(offers[0]?.offer).toMatch(/m=audio[\s\S]*a=sendonly/);
  expect(offers[0]?.offer).not.toContain('a=sendrecv');
});
