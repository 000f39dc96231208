import { createServer } from 'node:net';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { runCli } from '../support/cli.ts';

it.each(['the demo', 'with a config'])('run ends with 1 and the remedy when its port is taken: %s', async (how) => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  const folder = mkdtempSync(join(tmpdir(), 'gateway-run-'));
  const file = join(folder, 'gateway.yaml');
  writeFileSync(
    file,
    `http: {listen: "127.0.0.1:${port}"}\ndiscovery: {enabled: false}\ncameras:\n  - {id: yard, onvif: 127.0.0.1}\n`,
  );
  const { code, stderr } = await runCli(how === 'the demo' ? ['run', '--port', String(port)] : ['run', '--config', file]);
  expect(code).toBe(1);
  expect(stderr).toContain(`127.0.0.1:${port}`);
  rmSync(folder, { recursive: true });
  taken.close();
});
