import { createSocket, type Socket } from 'node:dgram';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { DiscoveredDevice } from '../../src/camera/discovery/device-list.ts';
import { DiscoveryListener } from '../../src/camera/discovery/listener.ts';
import { discover, probeAddresses } from '../../src/camera/discovery/ws-discovery.ts';
import { buildProbe } from '../../src/camera/discovery/message.ts';
import { parseXml, textAt } from '../../src/camera/xml.ts';
import { DiscoveryResponder } from '../../src/simulator/discovery-responder.ts';
import { SimulatedCamera } from '../../src/simulator/simulated-camera.ts';

/* Everything on the loopback interface, at a port of the test's own. */

const interfaces = ['127.0.0.1'];
const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A member of the group that answers each Probe with `answer`. */
async function startResponder(
  answer: (messageId: string) => string[],
): Promise<{ port: number; probes: string[]; sources: Set<string> }> {
  const socket: Socket = createSocket({ type: 'udp4', reuseAddr: true });
  const probes: string[] = [];
  const sources = new Set<string>();
  await new Promise<void>((resolve) => socket.bind(0, '239.255.255.250', resolve));
  closers.push(() => new Promise<void>((resolve) => socket.close(() => resolve())));
  socket.addMembership('239.255.255.250', '127.0.0.1');
  socket.on('message', (datagram, from) => {
    const envelope = parseXml(datagram.toString());
    probes.push(textAt(envelope, 'Body', 'Probe', 'Types') ?? '');
    sources.add(from.address);
    for (const text of answer(textAt(envelope, 'Header', 'MessageID') ?? '')) socket.send(text, from.port, from.address);
  });
  return { port: socket.address().port, probes, sources };
}

function probeMatches(relatesTo: string, ...matches: [reference: string, xaddr: string, scope: string][]): string {
  const bodies = matches.map(
    ([reference, xaddr, scope]) =>
      `<ProbeMatch><EndpointReference><Address>${reference}</Address></EndpointReference>` +
      `<Scopes>onvif://www.onvif.org/${scope}</Scopes><XAddrs>${xaddr}</XAddrs></ProbeMatch>`,
  );
  const header = `<Header><RelatesTo>${relatesTo}</RelatesTo></Header>`;
  return `<Envelope>${header}<Body><ProbeMatches>${bodies.join('')}</ProbeMatches></Body></Envelope>`;
}

describe('discover', () => {
  it('finds two simulated cameras, each once', async () => {
    const discovery = new DiscoveryResponder({ port: 0 });
    await discovery.start();
    closers.push(() => discovery.close());
    const expected = [];
    for (const name of ['Front door', 'Yard']) {
      const camera = new SimulatedCamera({ name, username: 'viewer', password: 'secret', discovery });
      closers.push(() => camera.close());
      const { onvifUrl } = await camera.start();
      const { endpointReference, model } = camera.identity;
      expected.push({ endpointReference, name, hardware: model, location: null, xaddrs: [onvifUrl], addresses: ['127.0.0.1'] });
    }
    const found: DiscoveredDevice[] = [];
    const done = new AbortController();
    const onFound = (device: DiscoveredDevice): void => {
      if (found.push(device) === expected.length) done.abort();
    };
    const { devices } = await discover({ interfaces, port: discovery.port, timeoutMs: 10_000, signal: done.signal, onFound });
    const byName = (a: { name: string | null }, b: { name: string | null }): number =>
      String(a.name).localeCompare(String(b.name));
    expect(devices.sort(byName)).toMatchObject(expected);
    expect(devices[0]?.types).toContain('dn:NetworkVideoTransmitter');
    expect(found).toHaveLength(2);
  });

  it('sends both probes repeatedly, from the named address, and merges all answers of a device', async () => {
    const responder = await startResponder((id) => [
      probeMatches(
        id,
        ['urn:uuid:1', 'http://10.0.0.1/a', 'name/Caf%C3%A9%0A'],
        ['urn:uuid:2', 'http://10.0.0.2/', 'hardware/H'],
      ),
      probeMatches(id, ['urn:uuid:1', 'http://10.0.0.1/b', 'location/gate']),
    ]);
    const { devices, ignored } = await discover({ interfaces, port: responder.port, timeoutMs: 1000, repeat: 3 });
    expect(responder.probes.toSorted()).toEqual([
      ...Array.from({ length: 3 }, () => 'dn:NetworkVideoTransmitter'),
      ...Array.from({ length: 3 }, () => 'tds:Device'),
    ]);
    expect([...responder.sources]).toEqual(['127.0.0.1']);
    expect(ignored).toBe(0);
    expect(devices).toHaveLength(2);
    expect(devices[0]).toMatchObject({ xaddrs: ['http://10.0.0.1/a', 'http://10.0.0.1/b'], name: 'Café', location: 'gate' });
  });

  it('ignores and counts junk, and answers to somebody else', async () => {
    let probes = 0;
    const responder = await startResponder(() => {
      probes += 1;
      return ['junk', '<Envelope/>', probeMatches('urn:uuid:another-probe', ['urn:uuid:1', 'http://10.0.0.1/', 'name/x'])];
    });
    const { devices, ignored } = await discover({ interfaces, port: responder.port, timeoutMs: 1000, repeat: 1 });
    expect(probes).toBe(2);
    expect(devices).toEqual([]);
    expect(ignored).toBe(6);
  });

  it('refuses an interface that is not there, and sends from none then', async () => {
    const responder = await startResponder(() => []);
    await expect(discover({ interfaces: ['127.0.0.1', 'nowhere9'], port: responder.port, timeoutMs: 100 })).rejects.toMatchObject(
      {
        code: 'usage.interface',
        message: expect.stringContaining('nowhere9') as string,
      },
    );
    expect(responder.probes).toEqual([]);
  });
});

describe('probeAddresses', () => {
  it('asks each address for both types twice, each type under an id of its own, and finds the camera there', async () => {
    const discovery = new DiscoveryResponder({ port: 0, addresses: ['127.0.0.1'] });
    await discovery.start();
    closers.push(() => discovery.close());
    const camera = new SimulatedCamera({ name: 'Yard', username: 'viewer', password: 'secret', discovery });
    closers.push(() => camera.close());
    await camera.start();
    const progress: [number, number][] = [];
    const addresses = ['127.0.0.1', '127.0.0.2', '127.0.0.3'];
    const done = new AbortController();
    const { devices } = await probeAddresses(addresses, {
      port: discovery.port,
      timeoutMs: 10_000,
      signal: done.signal,
      onProgress: (...step) => {
        progress.push(step);
        if (step[0] === step[1]) setTimeout(() => done.abort(), 100);
      },
    });
    expect(devices).toMatchObject([{ name: 'Yard', addresses: ['127.0.0.1'] }]);
    expect(progress).toEqual([
      [10, 12],
      [12, 12],
    ]);
  });

  it('sends at most 200 packets a second, and stops when it is told to', async () => {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    closers.push(() => socket.close());
    const ids = new Set<string>();
    let count = 0;
    socket.on('message', (datagram) => {
      count += 1;
      ids.add(textAt(parseXml(datagram.toString()), 'Header', 'MessageID') ?? '');
    });
    const startedAt = performance.now();
    const options = { port: socket.address().port, timeoutMs: 1 };
    await probeAddresses(
      Array.from({ length: 25 }, () => '127.0.0.1'),
      options,
    );
    // 100 packets in ten bursts.
    expect(performance.now() - startedAt).toBeGreaterThan(450);
    await vi.waitFor(() => expect(count).toBe(100));
    expect(ids.size).toBe(4);

    const stop = new AbortController();
    const steps: number[] = [];
    const onProgress = (sent: number): void => {
      steps.push(sent);
      if (sent === 20) stop.abort();
    };
    const many = Array.from({ length: 1000 }, () => '127.0.0.1');
    await probeAddresses(many, { ...options, timeoutMs: 60_000, signal: stop.signal, onProgress });
    expect(steps).toEqual([10, 20]);
  });

  it('fails where not one packet can be sent', async () => {
    const failing = probeAddresses(['255.255.255.255'], { port: 9, timeoutMs: 1 });
    await expect(failing).rejects.toMatchObject({ code: 'discovery.failed', cause: { code: 'EACCES' } });
  });
});

describe('DiscoveryListener', () => {
  it('hears Hello and Bye once each, ignores and counts the rest, and answers nobody', async () => {
    const heard: unknown[] = [];
    const listener = new DiscoveryListener({
      interfaces,
      port: 0,
      onHello: ({ endpointReference, name, xaddrs, addresses }) => heard.push({ endpointReference, name, xaddrs, addresses }),
      onBye: (endpointReference, address) => heard.push({ bye: endpointReference, address }),
    });
    await listener.start();
    closers.push(() => listener.close());

    const sender = createSocket('udp4');
    await new Promise<void>((resolve) => sender.bind(0, '127.0.0.1', resolve));
    closers.push(() => sender.close());
    sender.setMulticastInterface('127.0.0.1');
    const answers: string[] = [];
    sender.on('message', (datagram) => answers.push(datagram.toString()));
    const send = (text: string): void => sender.send(text, listener.port, '239.255.255.250');
    send(
      announcement('Hello', 'urn:uuid:m1', '<XAddrs>http://10.0.0.9/o</XAddrs><Scopes>onvif://www.onvif.org/name/Gate</Scopes>'),
    );
    send(announcement('Hello', 'urn:uuid:m1'));
    send('junk');
    send(buildProbe('tds:Device', 'urn:uuid:p'));
    send(announcement('Bye', 'urn:uuid:m2'));
    await vi.waitFor(() => expect(heard).toHaveLength(2));
    expect(heard).toEqual([
      { endpointReference: 'urn:uuid:1', name: 'Gate', xaddrs: ['http://10.0.0.9/o'], addresses: ['127.0.0.1'] },
      { bye: 'urn:uuid:1', address: '127.0.0.1' },
    ]);
    expect(listener.ignored).toBe(2);
    await listener.close();
    await listener.close();
    expect(answers).toEqual([]);
  });

  it('hears a simulated camera come and go', async () => {
    const heard: string[] = [];
    const listener = new DiscoveryListener({
      interfaces,
      port: 0,
      onHello: ({ endpointReference }) => heard.push(`hello ${endpointReference}`),
      onBye: (endpointReference) => heard.push(`bye ${endpointReference}`),
    });
    await listener.start();
    closers.push(() => listener.close());
    const discovery = new DiscoveryResponder({ port: listener.port });
    await discovery.start();
    closers.push(() => discovery.close());
    const camera = new SimulatedCamera({ name: 'Yard', username: 'viewer', password: 'secret', discovery });
    const { endpointReference } = camera.identity;
    await camera.start();
    await camera.close();
    await vi.waitFor(() => expect(heard).toEqual([`hello ${endpointReference}`, `bye ${endpointReference}`]));
  });
});

function announcement(kind: 'Hello' | 'Bye', messageId: string, more = ''): string {
  const endpoint = '<EndpointReference><Address>urn:uuid:1</Address></EndpointReference>';
  return `<Envelope><Header><MessageID>${messageId}</MessageID></Header><Body><${kind}>${endpoint}${more}</${kind}></Body></Envelope>`;
}
