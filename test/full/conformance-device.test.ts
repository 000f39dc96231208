import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { ConformanceReport } from '../../src/conformance/report.ts';
import { DEVICE_CASES } from '../../src/conformance/device/cases/index.ts';
import { CliProcess } from '../support/cli.ts';
import { CREDENTIALS, startSimulatedCamera } from '../support/site.ts';

/* `conformance device` against the gateway, each a process of its own, as an integrator would run them. */

const TOKEN = 'token-of-the-camera';
/** Ours waits longest between attempts when its registration was lost again and again: some 30 s. */
const KIT_LIMIT_MS = 10 * 60_000;

it(
  'the gateway passes every case of the device',
  async () => {
    const { simulated, camera } = await startSimulatedCamera('front-door');
    onTestFinished(() => simulated.close());
    const folder = mkdtempSync(join(tmpdir(), 'conformance-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));

    // The simulated camera has a microphone and a loudspeaker.
    const kit = new CliProcess([
      ...['conformance', 'device', '--listen', '127.0.0.1:0', '--token', TOKEN, '--json'],
      ...[
        '--profile',
        'main',
        '--profile-audio',
        'sendrecv',
        '--wait',
        '120',
        '--settle',
        '1',
        '--expiry',
        '5',
        '--timeout',
        '20',
      ],
    ]);
    onTestFinished(() => kit.kill('SIGKILL'));
    const [, server = ''] = await kit.says(/signaling server (ws:\S+)/, 60_000);
    const config = join(folder, 'gateway.yaml');
    writeFileSync(
      config,
      JSON.stringify({
        signaling: { server, token: TOKEN },
        http: { listen: '127.0.0.1:0' },
        webrtc: { interfaces: ['127.0.0.1'] },
        cameras: [{ id: 'front-door', name: 'Front door', onvif: `127.0.0.1:${camera.onvif?.port}`, ...CREDENTIALS }],
      }),
    );
    const gateway = new CliProcess(['run', '--config', config]);
    onTestFinished(async () => {
      gateway.kill('SIGTERM');
      await gateway.exit();
    });

    const code = await kit.exit();
    const report = JSON.parse(kit.stdout) as ConformanceReport;
    expect(report.cases.filter(({ result }) => result !== 'pass')).toEqual([]);
    expect(report).toMatchObject({
      role: 'device',
      interrupted: false,
      counts: { pass: DEVICE_CASES.length, fail: 0, notApplicable: 0 },
    });
    expect(report.endpoint).toMatch(/^Front door/);
    expect(kit.stdout).not.toContain(TOKEN);
    expect(code).toBe(0);
  },
  KIT_LIMIT_MS,
);
