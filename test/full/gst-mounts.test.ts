import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RtspTransport } from '../../src/base/rtsp-transport.ts';
import { makeCertificate } from '../support/certificate.ts';
import { MOUNT_NAMES, MountPull } from '../support/gst-mounts.ts';
import { startGstRtspServer, type GstRtspServer } from '../support/gst-rtsp-server.ts';

const SECONDS = 5;
const TRANSPORTS = ['tcp', 'udp', 'http', 'tls'] as const satisfies RtspTransport[];
const credentials = { username: 'viewer', password: 'p@ss:word' };
const certificate = makeCertificate();

/** What decoders made of each mount: pictures, documents or seconds of sound. */
const table: Record<string, Record<string, string>> = {};
afterAll(() => console.table(table));

describe.each(['none', 'basic', 'digest'] as const)('gst-rtsp-server with authentication %s', (scheme) => {
  const servers: GstRtspServer[] = [];
  const pulls = new Map<string, MountPull>();
  const failures = new Map<string, unknown>();

  beforeAll(async () => {
    const options = { allMounts: true, ...(scheme === 'none' ? {} : { auth: { scheme, ...credentials } }) };
    const [plain, secure] = await Promise.all([startGstRtspServer(options), startGstRtspServer({ ...options, certificate })]);
    servers.push(plain, secure);
    const tls = { fingerprint: certificate.fingerprint };
    for (const transport of TRANSPORTS) {
      const { url } = transport === 'tls' ? secure : plain;
      for (const mount of MOUNT_NAMES) {
        pulls.set(`${mount} ${transport}`, new MountPull(url, mount, { transport, credentials, tls }));
      }
    }
    const all = (step: (each: MountPull) => Promise<void>): Promise<unknown> =>
      Promise.all(
        [...pulls].map(([name, each]) => step(each).catch((error: unknown) => failures.set(name, failures.get(name) ?? error))),
      );
    // Recorded is when the pipelines of all are running: making them takes the server's time.
    await all((each) => each.start());
    await all((each) => each.record(SECONDS));
    await all((each) => each.close());
  });

  afterAll(async () => {
    for (const server of servers) await server.close();
  });

  describe.each(TRANSPORTS)('over %s', (transport) => {
    it.each(MOUNT_NAMES)('%s: a decoder accepts five seconds', async (mount) => {
      const row = (table[mount] ??= {});
      const column = `${transport} ${scheme}`;
      row[column] = 'FAILED';
      const name = `${mount} ${transport}`;
      expect(failures.get(name)).toBeUndefined();
      row[column] = (await pulls.get(name)?.demandDecoded(SECONDS)) ?? 'FAILED';
    });
  });
});
