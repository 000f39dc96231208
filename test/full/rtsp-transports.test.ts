import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { GatewayError } from '../../src/base/errors.ts';
import type { RtspTransport } from '../../src/base/rtsp-transport.ts';
import { RtspClient } from '../../src/camera/rtsp/client.ts';
import { makeCertificate, type Certificate } from '../support/certificate.ts';
import { MOUNT_NAMES, MountPull } from '../support/gst-mounts.ts';
import { startGstRtspServer, type GstRtspServer, type GstRtspServerOptions } from '../support/gst-rtsp-server.ts';

const PLAYED_MS = 3000;
const credentials = { username: 'viewer', password: 'p@ss:word' };

let certificate: Certificate;
beforeAll(() => {
  certificate = makeCertificate();
});

const cleanUps: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

async function serverWith(options: GstRtspServerOptions): Promise<GstRtspServer> {
  const server = await startGstRtspServer(options);
  cleanUps.push(() => server.close());
  return server;
}

/** Sequence numbers by encoding name, and how the session went, of three seconds of media and more. */
async function played(
  url: string,
  transport: RtspTransport,
): Promise<{ numbers: Record<string, number[]>; reports: Set<string>; datagramsRefused: number }> {
  const numbers: Record<string, number[]> = {};
  const reports = new Set<string>();
  const closed: GatewayError[] = [];
  let first = Infinity;
  let last = -Infinity;
  const client = new RtspClient({
    url,
    transport,
    credentials,
    tls: { fingerprint: certificate.fingerprint },
    onRtp: (track, packet, arrivalMs) => {
      (numbers[track.encodingName] ??= []).push(packet.readUInt16BE(2));
      first = Math.min(first, arrivalMs);
      last = Math.max(last, arrivalMs);
    },
    onRtcp: (track) => reports.add(track.encodingName),
    onClose: (error) => closed.push(error),
  });
  cleanUps.push(() => client.close());
  await client.start();
  await vi.waitFor(
    () => {
      expect(closed).toEqual([]);
      expect(last - first).toBeGreaterThan(PLAYED_MS);
      expect([...reports].toSorted()).toEqual(['H264', 'PCMU']);
    },
    { timeout: 20_000, interval: 50 },
  );
  return { numbers, reports, datagramsRefused: client.counters.datagramsRefused };
}

function expectAllInOrder(numbers: readonly number[] | undefined, least: number): void {
  const [first = 0] = numbers ?? [];
  expect(numbers?.length).toBeGreaterThan(least);
  expect(numbers).toEqual(numbers?.map((_, index) => (first + index) & 0xffff));
}

describe('picture and sound of gst-rtsp-server come whole and in order', () => {
  // All of both: npm run test:full.
  it.each([
    ['tcp', 'none'],
    ['udp', 'basic'],
    ['tls', 'basic'],
    ['http', 'digest'],
  ] as const)('over %s, authentication %s', async (transport, scheme) => {
    const server = await serverWith({
      ...(scheme === 'none' ? {} : { auth: { scheme, ...credentials } }),
      ...(transport === 'tls' ? { certificate } : {}),
    });
    const { numbers, datagramsRefused } = await played(server.url, transport);
    expectAllInOrder(numbers['H264'], 60);
    expectAllInOrder(numbers['PCMU'], 20);
    expect(datagramsRefused).toBe(0);
  });

  it('by UDP where the server refuses TCP, without being told', async () => {
    const server = await serverWith({ onlyUdp: true });
    expectAllInOrder((await played(server.url, 'auto')).numbers['H264'], 60);
    expect(server.requests.filter((request) => request === 'setup').length).toBe(2);
  });

  it('over HTTP inside TLS', async () => {
    const server = await serverWith({ certificate });
    expectAllInOrder((await played(server.url, 'http')).numbers['H264'], 60);
  });
});

describe('every codec of gst-rtsp-server', () => {
  const SECONDS = 2;
  it('comes so that a decoder accepts it, and metadata in whole documents', async () => {
    const server = await serverWith({ allMounts: true, auth: { scheme: 'digest', ...credentials } });
    const pulls = MOUNT_NAMES.map((mount, index) => {
      const transport = (['tcp', 'udp', 'http'] as const)[index % 3] ?? 'tcp';
      return new MountPull(server.url, mount, { transport, credentials });
    });
    cleanUps.push(...pulls.map((pull) => () => pull.close()));
    await Promise.all(pulls.map((pull) => pull.start()));
    await Promise.all(pulls.map((pull) => pull.record(SECONDS)));
    for (const pull of pulls) expect(await pull.demandDecoded(SECONDS)).toMatch(/^[1-9]/);
  });
});
