import { createHash } from 'node:crypto';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { CameraOptions } from '../../src/camera/camera.ts';
import { SimulatedCamera } from '../../src/simulator/simulated-camera.ts';
import { launchChromium, type Browser } from '../support/chromium.ts';
import { startGstRtspServer } from '../support/gst-rtsp-server.ts';
import { incompressibleDocument, seededDocument } from '../support/metadata-documents.ts';
import { collectDocuments, receivedDocuments, unreadableDocuments, type ReceivedDocument } from '../support/metadata-page.ts';
import { CREDENTIALS, startSite } from '../support/site.ts';
import { play } from '../support/viewer-page.ts';

/* Metadata from the camera to a real browser, byte for byte: what arrives is compared with what the cameras' generator makes. */

const DOCUMENTS = 1000;

let browser: Browser;

beforeAll(async () => {
  browser = await launchChromium();
});

afterAll(async () => {
  await browser?.close();
});

type Generator = (seed: string, number: number) => Buffer;

/** A simulated camera whose metadata are the documents of a seed. */
async function startSeededCamera(seed: string, intervalMs: number, generate: Generator): Promise<CameraOptions> {
  let number = 0;
  const document = (): Buffer => generate(seed, (number += 1));
  const simulated = new SimulatedCamera({ name: seed, ...CREDENTIALS, documents: { intervalMs, document } });
  onTestFinished(() => simulated.close());
  const { onvifPort } = await simulated.start();
  return { id: seed, name: seed, onvif: { host: '127.0.0.1', port: onvifPort }, credentials: CREDENTIALS };
}

/** A page that collects what comes of these cameras, which it plays. */
async function watch(cameras: readonly CameraOptions[], maxMessageSize?: number): Promise<{ page: Page; url: string }> {
  const site = await startSite(cameras);
  onTestFinished(() => site.close());
  const page = await browser.context.newPage();
  onTestFinished(() => page.close());
  await collectDocuments(page, maxMessageSize);
  await page.goto(site.url);
  for (const { id } of cameras) await play(page, id);
  return { page, url: site.url };
}

async function documentsOf(page: Page, seed: string): Promise<ReceivedDocument[]> {
  return (await receivedDocuments(page)).filter((document) => document.seed === seed);
}

/** Waits until so many came of each. */
async function receive(page: Page, seeds: readonly string[], count: number, timeout: number): Promise<ReceivedDocument[][]> {
  await vi.waitFor(
    async () => {
      for (const seed of seeds) expect((await documentsOf(page, seed)).length, seed).toBeGreaterThanOrEqual(count);
    },
    { timeout, interval: 1000 },
  );
  const all = await Promise.all(seeds.map((seed) => documentsOf(page, seed)));
  return all.map((documents) => documents.slice(0, count));
}

/** None is missing, and each is what the generator makes. */
function expectAsMade(documents: readonly ReceivedDocument[], generate: Generator): void {
  const numbers = documents.map(({ number }) => number);
  const first = numbers[0] ?? Number.NaN;
  const expected = numbers.map((_, index) => first + index);
  const seed = documents[0]?.seed ?? '';
  expect({ seed, missing: expected.filter((number) => !numbers.includes(number)) }).toEqual({ seed, missing: [] });
  expect(numbers).toEqual(expected);
  const different = documents.filter(
    ({ number, digest }) => digest !== createHash('sha256').update(generate(seed, number)).digest('hex'),
  );
  expect(different).toEqual([]);
}

/** What the gateway counts of documents and packets that went no further, where that is any. */
async function lost(url: string): Promise<string[]> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  return metrics.split('\n').filter((line) => /^\w+_(?:stream_packets_lost|metadata_dropped)/.test(line) && !line.endsWith(' 0'));
}

describe('metadata documents in Chromium', () => {
  it('are 1,000 of 0.2 to 60 KB at ten a second, from the simulator and from gst-rtsp-server, each as its camera wrote it', async () => {
    const gst = await startGstRtspServer({ documents: 'gst' });
    onTestFinished(() => gst.close());
    const fromGst = { id: 'gst', name: 'gst', rtsp: { main: gst.url.replace('/live', '/documents') } };
    const { page, url } = await watch([await startSeededCamera('simulator', 100, seededDocument), fromGst]);
    const received = await receive(page, ['simulator', 'gst'], DOCUMENTS, 300_000);
    expect([await unreadableDocuments(page), await lost(url)]).toEqual([[], []]);
    for (const documents of received) expectAsMade(documents, seededDocument);
  });

  it.each([16_384, 1200])('are incompressible ones of 400 KB too, to a viewer that takes messages of %i bytes', async (size) => {
    const generate: Generator = (seed, number) => incompressibleDocument(seed, number, 544 * 1024);
    const { page, url } = await watch([await startSeededCamera('large', 1000, generate)], size);
    const [documents = []] = await receive(page, ['large'], 10, 60_000);
    expect([await unreadableDocuments(page), await lost(url)]).toEqual([[], []]);
    expectAsMade(documents, generate);
    for (const { bytes, largestMessage } of documents) {
      expect(bytes).toBeGreaterThan(400 * 1024);
      expect(largestMessage).toBeLessThanOrEqual(size);
    }
  });
});
