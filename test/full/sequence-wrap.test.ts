import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest';
import { RTCDtlsTransport } from 'werift';
import type * as numbering from '../../src/peer/egress/numbered-stream.ts';
import type { SimulatedCamera } from '../../src/simulator/simulated-camera.ts';
import { launchChromium, type Browser } from '../support/chromium.ts';
import { startSimulatedCamera, startSite, type Site } from '../support/site.ts';
import { inbound, openViewer, play } from '../support/viewer-page.ts';

/* Chromium decrypts what our egress protects, and goes on doing so when sequence numbers wrap and the roll-over counter counts (RFC 3711 section 3.3.1). */

/** As many packets before the wrap as four seconds or five have: pictures that were kept for who joins, which come at once, are not all shown. */
const BEFORE_WRAP = 600;
const BEHIND_WRAP = 300;

vi.mock('../../src/peer/egress/numbered-stream.ts', async (original) => {
  const { NumberedStream, ...rest } = await original<typeof numbering>();
  class NearWrap extends NumberedStream {
    constructor(ssrc: number, extensions: numbering.HeaderExtensions) {
      super(ssrc, extensions, 2 ** 16 - BEFORE_WRAP);
    }
  }
  return { ...rest, NumberedStream: NearWrap };
});

let browser: Browser;
let site: Site;
let camera: SimulatedCamera;

beforeAll(async () => {
  browser = await launchChromium();
  const started = await startSimulatedCamera('yard');
  camera = started.simulated;
  site = await startSite([started.camera]);
});

afterAll(async () => {
  await browser?.close();
  await site?.close();
  await camera?.close();
});

/** Our side of DTLS, which chooses, knows no other. */
function allowOnly(id: number): void {
  const original: (this: RTCDtlsTransport) => Promise<void> = Reflect.get(RTCDtlsTransport.prototype, 'start');
  const start = vi.spyOn(RTCDtlsTransport.prototype, 'start').mockImplementation(async function (this: RTCDtlsTransport) {
    const { srtpProfiles } = this as unknown as { srtpProfiles: number[] };
    srtpProfiles.splice(0, srtpProfiles.length, id);
    await original.call(this);
  });
  onTestFinished(() => start.mockRestore());
}

/** By OpenSSL's names, as Chromium has them. */
it.each([
  ['AEAD_AES_128_GCM', 0x0007],
  ['AES128_CM_HMAC_SHA1_80', 0x0001],
])('Chromium decodes on through the wrap of sequence numbers: %s', async (name, id) => {
  allowOnly(id);
  const page = await openViewer(browser, site.url);
  onTestFinished(() => page.close());
  await play(page, 'yard');
  const cipher = await page.evaluate(async () => {
    const report = await window.viewer.sessions['yard']?.peerConnection?.getStats();
    const entries: Record<string, unknown>[] = [];
    report?.forEach((entry: Record<string, unknown>) => entries.push(entry));
    return entries.find(({ type }) => type === 'transport')?.['srtpCipher'];
  });
  expect(cipher).toContain(name);
  await vi.waitFor(async () => expect((await inbound(page, 'yard')).video.packetsReceived).toBeGreaterThan(BEFORE_WRAP), {
    timeout: 20_000,
  });
  const atWrap = (await inbound(page, 'yard')).video;
  await vi.waitFor(
    async () => {
      const { video, audio } = await inbound(page, 'yard');
      expect(video.packetsReceived).toBeGreaterThan(BEFORE_WRAP + BEHIND_WRAP);
      expect(audio.packetsReceived).toBeGreaterThan(BEFORE_WRAP);
    },
    { timeout: 20_000 },
  );
  const { video, audio } = await inbound(page, 'yard');
  expect(video.framesDecoded).toBeGreaterThan(atWrap.framesDecoded + 20);
  const framesDropped = video.framesDropped - atWrap.framesDropped;
  expect([video.packetsLost, audio.packetsLost, framesDropped]).toEqual([0, 0, 0]);
});
