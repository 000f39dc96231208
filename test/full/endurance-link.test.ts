import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import type { RunningCamera } from '../../src/simulator/simulator.ts';
import { CliProcess } from '../support/cli.ts';
import { expectNothingLeaked, settled, streamOf, untilPlaying } from '../support/endurance.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { createConnectedNamespace, layCable } from '../support/network-namespace.ts';
import { CREDENTIALS } from '../support/site.ts';

const MEBIBYTE = 1024 * 1024;
const CAMERAS = 4;
const [GATEWAY_IP, CAMERAS_IP] = ['10.77.0.1', '10.77.0.2'];

it('a link that is cut without a FIN: the cameras fail with a reason, come back with the link, and nothing leaks', async () => {
  const [here, there] = ['gateway', 'cameras'].map((name) => createConnectedNamespace(`link-${name}-${process.pid}`));
  if (here === undefined || there === undefined) throw new Error('there are fewer than two namespaces');
  onTestFinished(() => [here, there].forEach((namespace) => namespace.close()));
  layCable(
    { namespace: here, interfaceName: 'cable', address: `${GATEWAY_IP}/24` },
    { namespace: there, interfaceName: 'cable', address: `${CAMERAS_IP}/24` },
  );
  const folder = await mkdtemp(join(tmpdir(), 'endurance-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'password'), `${CREDENTIALS.password}\n`);
  const simulator = new CliProcess(
    [
      ...['simulate', '--cameras', `${CAMERAS}`, '--host', CAMERAS_IP, '--no-discovery', '--json'],
      ...['--username', CREDENTIALS.username, '--password-file', join(folder, 'password')],
    ],
    { prefix: there.prefix },
  );
  onTestFinished(async () => {
    simulator.kill('SIGTERM');
    await simulator.exit();
  });
  const [json] = await simulator.says(/\{.*\}\n/, 60_000);
  const { cameras } = JSON.parse(json) as { cameras: RunningCamera[] };
  const gateway = new GatewayProcess(here.prefix);
  onTestFinished(() => gateway.close());
  const ids = cameras.map((_, index) => `camera-${index + 1}`);
  await gateway.start(
    cameras.map(({ onvifPort }, index) => ({
      ...{ id: ids[index] ?? '', name: 'Camera', credentials: CREDENTIALS },
      onvif: { host: CAMERAS_IP, port: onvifPort },
    })),
    { workers: 0 },
  );
  const allPlay = (): Promise<unknown> => Promise.all(ids.map((id) => untilPlaying(gateway, id)));
  await allPlay();
  const before = await settled(gateway);

  // Whatever comes over the cable is dropped: no FIN, no RST, no answer to a SYN, as when a switch loses its power.
  there.run('nft', 'add table inet cut; add chain inet cut in { type filter hook input priority 0; policy drop; }');
  const cutAt = performance.now();
  await vi.waitFor(
    async () => {
      const info = await gateway.cameras();
      expect(info.map(({ state, profiles }) => [state, profiles[0]?.stream.state])).toEqual(ids.map(() => ['failed', 'failed']));
      for (const { reason, profiles } of info) {
        expect(reason?.code).toMatch(/^camera\.(unreachable|timeout)$/);
        expect(profiles[0]?.stream.reason?.code).toMatch(/^rtsp\.(unreachable|timeout|stalled)$/);
      }
    },
    { timeout: 60_000, interval: 100 },
  );
  const noticedMs = performance.now() - cutAt;
  there.run('nft', 'delete table inet cut');
  const healedAt = performance.now();
  await allPlay();
  const backMs = performance.now() - healedAt;
  const stalls = (await Promise.all(ids.map((id) => streamOf(gateway, id)))).map((stream) => stream?.stalls);
  console.log(
    `link cut: all ${CAMERAS} known to be gone after ${(noticedMs / 1000).toFixed(1)} s, back ${(backMs / 1000).toFixed(1)} s after the link; stalls ${stalls.join(', ')}`,
  );
  expect(gateway.lines.filter((line) => /failed/.test(line)).length).toBeGreaterThan(0);
  await expectNothingLeaked(gateway, before, 4 * MEBIBYTE, 'a link cut without FIN');
});
