import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { SILENCE } from '../../../../src/media/g711/companding.ts';
import { TALKBACK_FORMS } from '../../../../src/simulator/rtsp/talkback.ts';
import { decodeSpeech, encodeSpeech, heardTone, sine } from '../../../support/tone.ts';
import { runServer } from '../../simulator/rtsp/server-fixture.ts';
import { Microphone, packetsOf, talkTo } from './fixture.ts';

const WAIT = { timeout: 15_000, interval: 10 };
const TONE_MS = 600;
const MULAW = ['-f', 'mulaw', '-ar', '8000', '-ac', '1'];
const tone = encodeSpeech(sine(440, TONE_MS), ['-f', 'mulaw']);
const word = packetsOf(tone).slice(0, 1);
const silence = Buffer.alloc(160, SILENCE.PCMU);

describe('somebody who talks in G.711', () => {
  it('is heard by a camera of the same law byte for byte, with one spurt marked and nothing missing', async () => {
    const { server, url } = await runServer();
    const camera = talkTo(`${url}/main`);
    const anna = camera.talker('anna');
    await new Microphone(camera, anna).say(packetsOf(tone));
    await vi.waitFor(() => expect(server.talkback.samples()).toHaveLength(tone.length), WAIT);
    expect(server.talkback.samples()).toEqual(tone);
    const { packets } = server.talkback;
    expect(packets.map(({ marker }) => marker)).toEqual([true, ...packets.slice(1).map(() => false)]);
    const [first] = packets;
    expect(packets.map(({ timestamp }) => (timestamp - (first?.timestamp ?? 0)) >>> 0)).toEqual(packets.map((_, at) => at * 160));
    expect(camera.talk.stats()).toMatchObject({
      state: 'open',
      session: 'anna',
      talks: 1,
      refused: 0,
      packetsSent: 30,
      packetsLost: 0,
    });
    expect(camera.ffmpeg.started).toEqual([]);
  });

  it('is heard by a camera of the other law, in packets as long as it wants them, without another process', async () => {
    const { server, url } = await runServer();
    server.talkback.forms = [TALKBACK_FORMS.pcma];
    server.talkback.packetMs = 40;
    const camera = talkTo(`${url}/main`);
    await new Microphone(camera, camera.talker('anna')).say(packetsOf(tone));
    await vi.waitFor(() => expect(server.talkback.samples()).toHaveLength(tone.length), WAIT);
    expect(server.talkback.packets.every(({ samples }) => samples.length === 320)).toBe(true);
    const heard = heardTone(decodeSpeech(server.talkback.samples(), ['-f', 'alaw', '-ar', '8000', '-ac', '1']));
    expect(heard.frequency).toBeCloseTo(440, 0);
    expect(camera.ffmpeg.started).toEqual([]);
  });

  it('and of whom packets are lost on the way is heard as long as he talked', async () => {
    const { server, url } = await runServer();
    const camera = talkTo(`${url}/main`);
    const microphone = new Microphone(camera, camera.talker('anna'));
    // The last but one too, behind which nothing comes that would tell.
    await microphone.say(packetsOf(tone).map((payload, at) => (at % 10 === 8 ? undefined : payload)));
    await vi.waitFor(() => expect(server.talkback.samples()).toHaveLength(tone.length), WAIT);
    const heard = heardTone(decodeSpeech(server.talkback.samples(), MULAW));
    expect(heard.durationMs).toBeGreaterThan(TONE_MS * 0.95);
    expect(camera.talk.stats().packetsLost).toBe(3);
  });
});

describe('the camera', () => {
  it('is called when somebody is audible, not when a muted microphone sends', async () => {
    const { server, url } = await runServer();
    const camera = talkTo(`${url}/main`);
    const anna = new Microphone(camera, camera.talker('anna'));
    for (let at = 0; at < 50; at += 1) anna.send(silence);
    anna.send(word[0] ?? silence, 127);
    expect(camera.talk.stats()).toMatchObject({ state: 'idle', talks: 0 });
    expect(server.connections).toBe(0);
    anna.send(silence, 30);
    expect(camera.talk.stats()).toMatchObject({ state: 'opening', session: 'anna', talks: 1 });
  });

  it('is called again by whoever talks next', async () => {
    const { server, url } = await runServer();
    const camera = talkTo(`${url}/main`);
    await new Microphone(camera, camera.talker('anna')).say(packetsOf(tone));
    camera.talk.leave('anna');
    await new Microphone(camera, camera.talker('bert')).say(packetsOf(tone));
    await vi.waitFor(() => expect(server.talkback.samples().length).toBeGreaterThanOrEqual(tone.length), WAIT);
    expect(camera.talk.stats()).toMatchObject({ session: 'bert', talks: 2, refused: 0 });
    // On the line that was open.
    expect(server.connections).toBe(1);
  });
});

describe('of two who talk at once', () => {
  it('the first is heard, and the second is told that he is not', async () => {
    const { server, url } = await runServer();
    const camera = talkTo(`${url}/main`);
    const [anna, bert] = [camera.talker('anna'), camera.talker('bert')];
    const high = encodeSpeech(sine(1200, TONE_MS), ['-f', 'mulaw']);
    const [first, second] = [new Microphone(camera, anna), new Microphone(camera, bert)];
    const payloads = packetsOf(high);
    first.send(packetsOf(tone)[0] ?? silence);
    await Promise.all([first.say(packetsOf(tone).slice(1)), second.say(payloads)]);
    await vi.waitFor(() => expect(server.talkback.samples()).toHaveLength(tone.length), WAIT);
    expect(server.talkback.samples()).toEqual(tone);
    expect(anna.refusals).toEqual([]);
    expect(bert.refusals).toEqual([{ code: 'talk.busy', message: 'Somebody else is talking to the camera.' }]);
  });
});

describe('a camera that takes no speech', () => {
  it.each([
    ['knows no backchannel', { talkbackRefusal: 551 }, 'rtsp.no_backchannel', 'The camera plays no speech.'],
    ['lists none', { description: 'no-talkback' }, 'rtsp.no_backchannel', 'The camera plays no speech.'],
    ['has no room for it', { talkbackRefusal: 453 }, 'rtsp.status', 'The camera refuses to play speech just now.'],
  ] as const)('since it %s: the talker is told, and the operator once', async (_, fault, code, words) => {
    const { server, url } = await runServer();
    Object.assign(server.faults, fault);
    const warn = vi.fn();
    const logger = { info: () => undefined, debug: () => undefined, warn } as never;
    const camera = talkTo(`${url}/main`, { logger });
    const anna = camera.talker('anna');
    const microphone = new Microphone(camera, anna);
    const [payload = silence] = word;
    microphone.send(payload);
    await vi.waitFor(() => expect(anna.refusals).toEqual([{ code: 'talk.failed', message: words }]), WAIT);
    expect(camera.talk.stats()).toMatchObject({ state: 'failed', session: null, reason: { code }, refused: 1 });
    // Whoever goes on talking is told nothing more, and the camera is not asked again.
    for (let at = 0; at < 20; at += 1) microphone.send(payload);
    expect(anna.refusals).toHaveLength(1);
    const bert = camera.talker('bert');
    new Microphone(camera, bert).send(payload);
    expect(bert.refusals).toHaveLength(1);
    expect(warn).toHaveBeenCalledTimes(1);
  });

  it('again, after talks that were heard, is logged again', async () => {
    const { server, url } = await runServer();
    const realNow = performance.now.bind(performance);
    let aheadMs = 0;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => realNow() + aheadMs);
    onTestFinished(() => clock.mockRestore());
    const warn = vi.fn();
    const logger = { info: () => undefined, debug: () => undefined, warn } as never;
    const camera = talkTo(`${url}/main`, { logger });
    const microphone = new Microphone(camera, camera.talker('anna'));
    const talk = async (state: string): Promise<void> => {
      microphone.send(word[0] ?? silence);
      await vi.waitFor(() => expect(camera.talk.stats().state).toBe(state), WAIT);
      // Neither a failure nor a line that nobody uses lasts so long.
      aheadMs += 5001;
    };
    server.faults.talkbackRefusal = 551;
    await talk('failed');
    expect(warn).toHaveBeenCalledTimes(1);
    server.faults.talkbackRefusal = undefined;
    await talk('open');
    await vi.waitFor(() => expect(camera.talk.stats().state).toBe('idle'), WAIT);
    server.faults.talkbackRefusal = 551;
    await talk('failed');
    expect(warn).toHaveBeenCalledTimes(2);
  });

  it('in a form that we have is left alone', async () => {
    const { server, url } = await runServer();
    server.talkback.forms = [{ payloadType: 4, rtpmap: 'G723/8000' }];
    const camera = talkTo(`${url}/main`);
    const anna = camera.talker('anna');
    new Microphone(camera, anna).send(word[0] ?? silence);
    await vi.waitFor(() => expect(camera.talk.stats().reason?.code).toBe('rtsp.backchannel_codec'), WAIT);
    expect(anna.refusals).toMatchObject([{ code: 'talk.failed' }]);
  });

  it('any more, since it restarts while somebody talks: he is told', async () => {
    const { server, url } = await runServer();
    const camera = talkTo(`${url}/main`);
    const anna = camera.talker('anna');
    await new Microphone(camera, anna).say(packetsOf(tone));
    await vi.waitFor(() => expect(server.talkback.packets.length).toBeGreaterThan(0), WAIT);
    void server.reboot(10);
    await vi.waitFor(() => expect(anna.refusals).toMatchObject([{ code: 'talk.failed' }]), WAIT);
    expect(camera.talk.stats().state).toBe('failed');
  });
});

it('without ffmpeg, whoever would need it is told so', async () => {
  const { server, url } = await runServer();
  server.talkback.forms = [TALKBACK_FORMS.aac];
  const camera = talkTo(`${url}/main`, { command: 'no-such-ffmpeg' });
  const anna = camera.talker('anna');
  new Microphone(camera, anna).send(word[0] ?? silence);
  await vi.waitFor(() => expect(anna.refusals).toHaveLength(1), WAIT);
  expect(anna.refusals[0]?.message).toContain('ffmpeg is not installed');
  expect(camera.talk.stats().reason).toMatchObject({ code: 'transcode.no_ffmpeg' });
});

it('somebody who changes his codec from packet to packet is heard in the first, by one ffmpeg', async () => {
  const { server, url } = await runServer();
  server.talkback.forms = [TALKBACK_FORMS.aac];
  const camera = talkTo(`${url}/main`);
  const anna = camera.talker('anna');
  const [payload = silence] = word;
  const microphones = [new Microphone(camera, anna, 'PCMU'), new Microphone(camera, anna, 'PCMA')];
  microphones[0]?.send(payload);
  await vi.waitFor(() => expect(camera.ffmpeg.started).toHaveLength(1), WAIT);
  for (let at = 0; at < 50; at += 1) for (const microphone of microphones) microphone.send(payload);
  expect(camera.talk.stats()).toMatchObject({ talks: 1, packetsLost: 50 });
  const now = performance.now();
  const later = vi.spyOn(performance, 'now').mockReturnValue(now + 3001);
  microphones[1]?.send(payload);
  later.mockRestore();
  expect(camera.talk.stats().talks).toBe(2);
  await vi.waitFor(() => expect(camera.ffmpeg.started).toHaveLength(2), WAIT);
});
