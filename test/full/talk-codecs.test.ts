import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { parseRtpPacket } from '../../src/media/rtp/packet.ts';
import { TALKBACK_FORMS } from '../../src/simulator/rtsp/talkback.ts';
import { startGstRtspServer } from '../support/gst-rtsp-server.ts';
import { decodeMuLaw, decodeSpeech, encodeSpeech, heardTone, opusPackets, sine } from '../support/tone.ts';
import { Microphone, packetsOf, talkTo } from '../unit/plane/talk/fixture.ts';
import { runServer } from '../unit/simulator/rtsp/server-fixture.ts';

/* Talk-back that takes seconds to show: what an encoder holds back, and when the camera is let go. */

const WAIT = { timeout: 15_000, interval: 10 };
const tone = encodeSpeech(sine(440, 600), ['-f', 'mulaw']);

describe('somebody who talks in G.711', () => {
  it.each([
    ['G.726', TALKBACK_FORMS.g726, ['-f', 'g726le', '-ar', '8000', '-code_size', '4']],
    ['AAC', TALKBACK_FORMS.aac, ['-f', 'aac']],
  ])('is heard by a camera that takes %s, through one ffmpeg', async (_, form, decoder) => {
    const { server, url } = await runServer();
    server.talkback.forms = [form];
    const camera = talkTo(`${url}/main`);
    const long = encodeSpeech(sine(440, 2000), ['-f', 'mulaw']);
    await new Microphone(camera, camera.talker('anna')).say(packetsOf(long));
    const heard = (): ReturnType<typeof heardTone> => heardTone(decodeSpeech(spoken(form, server.talkback.packets), decoder));
    await vi.waitFor(() => expect(heard().durationMs).toBeGreaterThan(2000 * 0.95), WAIT);
    expect(heard().durationMs).toBeLessThan(2000 * 1.05);
    expect(Math.abs(heard().frequency - 440)).toBeLessThan(440 * 0.02);
    expect(camera.ffmpeg.started).toHaveLength(1);
    camera.talk.leave('anna');
    await vi.waitFor(() => expect(camera.ffmpeg.running.size).toBe(0), WAIT);
  });

  it.each([
    ['pcma', ['-f', 'alaw', '-ar', '8000', '-ac', '1']],
    ['g726', ['-f', 'g726le', '-ar', '8000', '-code_size', '4']],
  ] as const)('is heard by GStreamer, which takes %s', async (backchannel, decoder) => {
    const server = await startGstRtspServer({ backchannel });
    onTestFinished(() => server.close());
    const camera = talkTo(server.url);
    const anna = camera.talker('anna');
    await new Microphone(camera, anna).say(packetsOf(encodeSpeech(sine(440, 2000), ['-f', 'mulaw'])));
    const heard = (): ReturnType<typeof heardTone> =>
      heardTone(decodeSpeech(Buffer.concat(server.heard.map(({ bytes }) => parseRtpPacket(bytes)?.payload ?? bytes)), decoder));
    await vi.waitFor(() => expect(heard().durationMs).toBeGreaterThan(2000 * 0.95), WAIT);
    expect(heard().durationMs).toBeLessThan(2000 * 1.05);
    expect(Math.abs(heard().frequency - 440)).toBeLessThan(440 * 0.02);
    expect(anna.refusals).toEqual([]);
  });

  it('is heard once a camera that refused takes speech; until then it is asked now and then, and the operator is told once', async () => {
    const { server, url } = await runServer();
    server.faults.talkbackRefusal = 453;
    const warn = vi.fn();
    const camera = talkTo(`${url}/main`, { logger: { info: () => undefined, debug: () => undefined, warn } as never });
    const [word = tone] = packetsOf(tone);
    let words = 0;
    await vi.waitFor(() => {
      words += 1;
      new Microphone(camera, camera.talker(`try ${words}`)).send(word);
      expect(server.accepted).toBe(2);
    }, WAIT);
    // Not by each of those who tried meanwhile.
    expect(words).toBeGreaterThan(20);
    await vi.waitFor(() => expect(server.connections).toBe(0), WAIT);
    expect(warn).toHaveBeenCalledTimes(1);
    server.faults.talkbackRefusal = undefined;
    await vi.waitFor(() => {
      new Microphone(camera, camera.talker(`try at ${performance.now()}`)).send(word);
      expect(camera.talk.stats().state).toBe('open');
    }, WAIT);
    expect(camera.talk.stats().reason).toBeNull();
  });

  it('is let go some seconds after the last word', async () => {
    const { server, url } = await runServer();
    const camera = talkTo(`${url}/main`);
    const anna = new Microphone(camera, camera.talker('anna'));
    await anna.say(packetsOf(tone));
    await vi.waitFor(() => expect(server.talkback.samples()).toHaveLength(tone.length), WAIT);
    expect(server.connections).toBe(1);
    await vi.waitFor(() => expect(server.connections).toBe(0), WAIT);
    expect(camera.talk.stats()).toMatchObject({ state: 'idle', session: null, reason: null, packetsSent: 30 });
  });
});

describe('somebody who talks in Opus', () => {
  it.each([
    ['without loss', () => false],
    ['with every twelfth packet lost', (at: number) => at % 12 === 7],
  ])('%s is heard in G.711, as high and as long as he talked', async (_, isLost) => {
    const { server, url } = await runServer();
    const camera = talkTo(`${url}/main`);
    const spoken = opusPackets(sine(440, 2000));
    await new Microphone(camera, camera.talker('anna'), 'OPUS').say(spoken.map((each, at) => (isLost(at) ? undefined : each)));
    const heard = (): ReturnType<typeof heardTone> => heardTone(decodeMuLaw(server.talkback.samples()));
    await vi.waitFor(() => expect(heard().durationMs).toBeGreaterThan(2000 * 0.95), WAIT);
    expect(heard().durationMs).toBeLessThan(2000 * 1.05);
    expect(Math.abs(heard().frequency - 440)).toBeLessThan(440 * 0.02);
    expect(camera.talk.stats().packetsLost).toBe(spoken.filter((_each, at) => isLost(at)).length);
  });
});

/** The bytes of packets as a decoder of raw streams takes them. */
function spoken(form: (typeof TALKBACK_FORMS)[keyof typeof TALKBACK_FORMS], packets: readonly { samples: Buffer }[]): Buffer {
  const units = packets.map(({ samples }) => (form === TALKBACK_FORMS.aac ? adts(samples.subarray(4)) : samples));
  return Buffer.concat(units);
}

/** An access unit of AAC-LC, 16 kHz, mono, in an ADTS frame (ISO/IEC 13818-7 section 6.2). */
function adts(unit: Buffer): Buffer {
  const length = unit.length + 7;
  const tail = [0x40 | (length >> 11), (length >> 3) & 0xff, ((length & 7) << 5) | 0x1f, 0xfc];
  return Buffer.concat([Buffer.from([0xff, 0xf1, 0x60, ...tail]), unit]);
}
