import { expect, it } from 'vitest';
import type { ProbeReport } from '../../src/probe/report.ts';
import { CliProcess, runCli } from '../support/cli.ts';
import { createNetworkNamespace } from '../support/network-namespace.ts';

it('probe finds the ONVIF port of a camera by WS-Discovery, and its RTSP, where nothing is at the usual port', async () => {
  const namespace = createNetworkNamespace(`probe-test-${process.pid}`);
  const { prefix } = namespace;
  const args = ['simulate', '--cameras', '1', '--onvif-port', '8899', '--rtsp-port', '554', '--json'];
  const camera = new CliProcess(args, { prefix });
  try {
    await camera.says(/"cameras":/);
    const { code, stdout } = await runCli(['probe', '127.0.0.1', '--json'], { prefix });
    expect(code).toBe(1);
    const { reason, hints, credentials } = JSON.parse(stdout) as ProbeReport;
    expect([reason?.code, credentials]).toEqual(['camera.unreachable', 'unknown']);
    expect(hints).toEqual([
      'By WS-Discovery its ONVIF is at port 8899: probe 127.0.0.1:8899',
      'Port 554 speaks RTSP: where the camera has no ONVIF, probe its stream: probe rtsp://127.0.0.1/PATH',
    ]);
    expect(namespace.packetsLeft()).toBe(0);
  } finally {
    camera.kill('SIGTERM');
    await camera.exit();
    namespace.close();
  }
});
