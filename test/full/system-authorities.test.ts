import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { CertificateAuthority } from '../support/certificate-authority.ts';
import { CliProcess } from '../support/cli.ts';

/* Which authorities the product trusts that its config does not name. */

let authority: CertificateAuthority;
let server: Server;
let handshakes: number;
let config: string;

beforeAll(async () => {
  authority = new CertificateAuthority();
  server = createServer(authority.issue());
  server.on('upgrade', (_request, socket) => {
    handshakes += 1;
    socket.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  config = authority.write(
    'gateway.yaml',
    `signaling: {server: "wss://127.0.0.1:${(server.address() as AddressInfo).port}/"}\n` +
      'http: {listen: "127.0.0.1:0"}\ncameras: [{id: yard, rtsp: {url: "rtsp://127.0.0.1:9/"}}]\n',
  );
});

afterAll(() => {
  server?.close();
  authority?.close();
});

/** With these authorities alone, whatever this machine has and the environment of the tests says. */
async function withGateway(
  env: { system?: string; extra?: string },
  look: (gateway: CliProcess) => Promise<void>,
): Promise<void> {
  handshakes = 0;
  const none = join(authority.folder, 'none');
  mkdirSync(none, { recursive: true });
  const gateway = new CliProcess(['run', '--config', config], {
    // Empty means not set to Node.
    env: {
      SSL_CERT_FILE: env.system ?? '/dev/null',
      SSL_CERT_DIR: none,
      NODE_EXTRA_CA_CERTS: env.extra ?? '',
      NODE_USE_SYSTEM_CA: '',
      NODE_OPTIONS: '',
    },
  });
  try {
    await look(gateway);
  } finally {
    gateway.kill('SIGTERM');
    await gateway.exit();
  }
}

describe('a signaling server whose authority the config does not name', () => {
  it.each([
    ['stands among those of the system', (file: string) => ({ system: file })],
    ['is given to Node by NODE_EXTRA_CA_CERTS', (file: string) => ({ extra: file })],
  ])('is trusted where that authority %s', async (_where, envOf) => {
    await withGateway(envOf(authority.file), () =>
      vi.waitFor(() => expect(handshakes).toBeGreaterThan(0), { timeout: 20_000, interval: 20 }),
    );
  });

  it('is trusted by nobody else', async () => {
    await withGateway({}, async (gateway) => {
      await gateway.says(/authority that is not known here/, 20_000);
      expect(handshakes).toBe(0);
    });
  });
});
