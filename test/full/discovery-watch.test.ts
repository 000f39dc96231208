import { createSocket } from 'node:dgram';
import { afterEach, expect, it, vi } from 'vitest';
import { delay } from '../../src/base/delay.ts';
import { createLogger } from '../../src/base/log.ts';
import { DiscoveryWatch, type DiscoveryWatchOptions } from '../../src/camera/discovery/watch.ts';
import { closeSites, discoveryPort, place, WAIT } from '../support/discovery-site.ts';
import { recordingLogger } from '../support/site.ts';

/* Discovery as it goes on and on, on the loopback interface. */

const watches: DiscoveryWatch[] = [];

afterEach(async () => {
  for (const watch of watches.splice(0)) await watch.close();
  await closeSites();
});

function watchOn(port: number, options: Partial<DiscoveryWatchOptions> = {}) {
  const { logger, lines } = recordingLogger((destination) => createLogger({ destination }));
  const changed: string[] = [];
  const watch = new DiscoveryWatch({
    interfaces: ['127.0.0.1'],
    port,
    logger,
    onChange: (endpointReference) => void changed.push(endpointReference),
    onSearched: () => undefined,
    ...options,
  });
  watches.push(watch);
  watch.start();
  return { watch, changed, said: () => lines.map(({ msg }) => String(msg)) };
}

it('the network is searched several times at the start, who comes in between is heard, and junk is counted', async () => {
  const port = await discoveryPort();
  const first = await place('127.0.0.2', port);
  const { watch, changed } = watchOn(port);
  await vi.waitFor(() => expect(changed).toEqual([first.camera.identity.endpointReference]), { timeout: 2500, interval: 20 });
  await vi.waitFor(() => expect(watch.stats.searches).toBe(1), WAIT);
  const second = await place('127.0.0.3', port);
  await vi.waitFor(() => expect(changed[1]).toBe(second.camera.identity.endpointReference), { timeout: 900, interval: 20 });
  expect(watch.find(changed[1] ?? '')).toMatchObject({ answering: ['127.0.0.3'] });
  const junk = createSocket('udp4');
  await new Promise<void>((resolve) => junk.bind(0, '127.0.0.1', resolve));
  junk.setMulticastInterface('127.0.0.1');
  const before = watch.stats.ignored;
  junk.send('junk', port, '239.255.255.250');
  await vi.waitFor(() => expect(watch.stats.ignored).toBeGreaterThan(before), WAIT);
  junk.close();
  await vi.waitFor(() => expect(watch.stats.searches).toBe(3), WAIT);
  expect(watch.stats.devices).toBe(2);
});

it('nobody makes it search every few seconds who says Hello or Bye again and again', async () => {
  const port = await discoveryPort();
  const { camera } = await place('127.0.0.2', port);
  const { watch, changed } = watchOn(port);
  await vi.waitFor(() => expect(watch.stats.searches).toBe(3), WAIT);
  const voice = createSocket('udp4');
  await new Promise<void>((resolve) => voice.bind(0, '127.0.0.2', resolve));
  voice.setMulticastInterface('127.0.0.2');
  let id = 0;
  const say = (kind: string, reference: string, types: string): void => {
    id += 1;
    const endpoint = `<EndpointReference><Address>${reference}</Address></EndpointReference>`;
    const body = `<Body><${kind}>${endpoint}<Types>${types}</Types></${kind}></Body>`;
    voice.send(`<Envelope><Header><MessageID>${id}</MessageID></Header>${body}</Envelope>`, port, '239.255.255.250');
  };
  const ignored = watch.stats.ignored;
  say('Hello', 'urn:pc', 'wsdp:Device');
  await vi.waitFor(() => expect(watch.stats.ignored).toBe(ignored + 1), WAIT);
  say('Bye', 'urn:unheard-of', '');
  say('Hello', camera.identity.endpointReference, 'tds:Device');
  await delay(6000);
  expect(watch.stats.searches).toBe(3);
  expect(changed).toEqual([camera.identity.endpointReference]);
  // Who does not say what it is, is asked, and no more often than that.
  say('Hello', 'urn:untyped', '');
  await vi.waitFor(() => expect(watch.stats.searches).toBe(5), WAIT);
  expect(watch.stats.devices).toBe(1);
  say('Hello', 'urn:new', 'tds:Device');
  await vi.waitFor(() => expect(watch.stats.searches).toBe(8), WAIT);
  voice.close();
});

it('another program that keeps the port for itself costs the announcements, said once, and not the searches', async () => {
  const port = await discoveryPort();
  await closeSites();
  const holder = createSocket({ type: 'udp4' });
  await new Promise<void>((resolve) => holder.bind({ port, exclusive: true }, resolve));
  const { watch, said } = watchOn(port);
  await vi.waitFor(() => expect(watch.stats.searches).toBe(2), WAIT);
  expect(said()).toEqual([
    expect.stringMatching(/^Announcements of cameras cannot be heard on UDP port \d+\. .* It is tried again\.$/),
  ]);
  await new Promise<void>((resolve) => holder.close(() => resolve()));
  await vi.waitFor(() => expect(said()[1]).toBe('Announcements of cameras are heard again.'), WAIT);
});

it('an interface that is not there is waited for, with one word about it', async () => {
  const port = await discoveryPort();
  const { watch, said } = watchOn(port, { interfaces: ['nowhere9'] });
  await vi.waitFor(() => expect(said()).toEqual([expect.stringContaining('nowhere9')]), WAIT);
  expect(watch.stats.searches).toBe(0);
  const startedAt = performance.now();
  await watch.close();
  await watch.close();
  expect(performance.now() - startedAt).toBeLessThan(1000);
});
