import { expect, it, onTestFinished, vi } from 'vitest';
import type { CameraInfo, CamerasAnswer } from '../../src/base/api.ts';
import type { CameraOptions } from '../../src/camera/camera.ts';
import { findElement, findElements, parseXml, type XmlElement } from '../../src/camera/xml.ts';
import type { SimulatedCamera, SimulatedCameraOptions } from '../../src/simulator/simulated-camera.ts';
import { watchHeadless } from '../support/headless-viewer.ts';
import { startSimulatedCamera, startSite, type Site } from '../support/site.ts';

const WAIT = { timeout: 20_000, interval: 20 };

async function setUp(
  simulator: Partial<SimulatedCameraOptions>,
  options: Partial<CameraOptions> = {},
): Promise<{ site: Site; simulated: SimulatedCamera; info: () => Promise<CameraInfo | undefined> }> {
  const { simulated, camera } = await startSimulatedCamera('yard', simulator);
  onTestFinished(() => simulated.close());
  const site = await startSite([{ ...camera, ...options } as CameraOptions]);
  onTestFinished(() => site.close());
  const info = async (): Promise<CameraInfo | undefined> =>
    ((await (await fetch(`${site.url}/api/cameras`)).json()) as CamerasAnswer).cameras[0];
  await vi.waitFor(async () => {
    expect(await info()).toMatchObject({ state: 'online', signaling: { state: 'registered' } });
  }, WAIT);
  return { site, simulated, info };
}

/** Of a document of events. */
function messages(xml: string): XmlElement[] {
  const stream = parseXml(xml);
  expect(stream?.name).toBe('MetadataStream');
  return findElements(findElement(stream, 'Event'), 'NotificationMessage').map((notification) => {
    const message = findElement(notification, 'Message', 'Message');
    if (message === undefined) throw new Error(`no message in ${xml}`);
    return message;
  });
}

const operations = (documents: readonly string[]): (string | undefined)[] =>
  documents.flatMap(messages).map(({ attributes }) => attributes.get('PropertyOperation'));

it('viewers of a camera without a metadata stream get its events: first the states, then each change, whoever came first', async () => {
  const { site, info } = await setUp({ metadata: 'none' }, { events: true });
  expect(await info()).toMatchObject({
    events: { state: 'idle', subscriptions: 0 },
    profiles: [{ metadata: true }, { metadata: true }],
  });

  const first = await watchHeadless(site, 'yard');
  await vi.waitFor(() => expect(operations(first.documents)).toContain('Changed'), WAIT);
  expect(operations(first.documents)[0]).toBe('Initialized');
  const [state] = messages(first.documents[0] ?? '');
  expect(findElement(state, 'Source', 'SimpleItem')?.attributes.get('Name')).toBe('Source');
  expect(['true', 'false']).toContain(findElement(state, 'Data', 'SimpleItem')?.attributes.get('Value'));

  const before = first.documents.length;
  const second = await watchHeadless(site, 'yard', 'sub');
  await vi.waitFor(() => expect(operations(second.documents)).toContain('Changed'), WAIT);
  expect(operations(second.documents)[0]).toBe('Initialized');
  // The states were told to the second alone, and there is one subscription for both.
  expect(operations(first.documents.slice(before))).not.toContain('Initialized');
  // Documents come to one viewer a moment before the other.
  await vi.waitFor(() => expect(second.documents.slice(1)).toEqual(first.documents.slice(1 - second.documents.length)), WAIT);
  expect(await info()).toMatchObject({ events: { state: 'subscribed', subscriptions: 1, dropped: 0 } });
});

it('a camera that restarts is subscribed to anew, and its viewers get the states again', async () => {
  const { site, simulated, info } = await setUp({ metadata: 'none' }, { events: true });
  const { documents } = await watchHeadless(site, 'yard');
  await vi.waitFor(() => expect(documents).not.toEqual([]), WAIT);
  await simulated.reboot(200);
  const initialized = (): unknown[] => operations(documents).filter((operation) => operation === 'Initialized');
  await vi.waitFor(() => expect(initialized().length).toBeGreaterThan(1), WAIT);
  // Where the camera is connected to anew behind that, so are its events.
  await vi.waitFor(async () => expect((await info())?.events).toMatchObject({ state: 'subscribed', reason: null }), WAIT);
  expect((await info())?.events?.subscriptions).toBeGreaterThan(1);
});

it('a camera with a metadata stream is not asked for events, whatever the config says', async () => {
  const { site, info } = await setUp({}, { events: true });
  const { documents } = await watchHeadless(site, 'yard');
  await vi.waitFor(() => expect(documents.length).toBeGreaterThan(5), WAIT);
  expect(documents.filter((xml) => xml.includes('NotificationMessage'))).toEqual([]);
  expect(await info()).toMatchObject({ events: { state: 'idle', subscriptions: 0 } });
});

it('a profile without metadata configuration has no metadata where the config does not want events', async () => {
  const { site, info } = await setUp({ metadata: 'none' });
  expect(await info()).toMatchObject({ events: null, profiles: [{ metadata: false }, { metadata: false }] });
  const { session, documents } = await watchHeadless(site, 'yard');
  await vi.waitFor(async () => expect((await session.stats()).framesDecoded).toBeGreaterThan(25), WAIT);
  expect(documents).toEqual([]);
});

it.each(['GZIP', 'EXI'])(
  'the CompressionType %s of a metadata configuration is ignored: the stream says what it is',
  async (compressionType) => {
    const { site } = await setUp({ metadata: { compressionType } });
    const { documents } = await watchHeadless(site, 'yard');
    await vi.waitFor(() => expect(documents.length).toBeGreaterThan(2), WAIT);
    expect(findElement(parseXml(documents[0] ?? ''), 'VideoAnalytics')).toBeDefined();
  },
);
