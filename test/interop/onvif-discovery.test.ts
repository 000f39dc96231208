import { createSocket, type Socket } from 'node:dgram';
import { afterEach, describe, expect, it } from 'vitest';
import { GatewayError } from '../../src/base/errors.ts';
import { discover, type DiscoveredDevice } from '../../src/camera/discovery/ws-discovery.ts';
import { parseXml, textAt } from '../../src/camera/xml.ts';
import { DiscoveryResponder } from '../../src/simulator/discovery-responder.ts';
import { SimulatedCamera } from '../../src/simulator/simulated-camera.ts';

/* Everything by multicast on the loopback interface, at a port of the test's own. */

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
      expected.push({ endpointReference, name, hardware: model, location: null, xaddrs: [onvifUrl], from: '127.0.0.1' });
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

  it('fails where it cannot send from any named address, and does without one of several', async () => {
    const failing = discover({ interfaces: ['192.0.2.1'], timeoutMs: 100 });
    await expect(failing).rejects.toBeInstanceOf(GatewayError);
    await expect(failing).rejects.toMatchObject({ code: 'discovery.failed' });
    const responder = await startResponder((id) => [probeMatches(id, ['urn:uuid:1', 'http://10.0.0.1/', 'name/x'])]);
    const { devices } = await discover({ interfaces: ['192.0.2.1', '127.0.0.1'], port: responder.port, timeoutMs: 1000 });
    expect(devices).toHaveLength(1);
  });
});
