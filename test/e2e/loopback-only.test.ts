import { afterAll, beforeAll, expect, it } from 'vitest';
import { CliProcess } from '../support/cli.ts';
import { createNetworkNamespace, type NetworkNamespace } from '../support/network-namespace.ts';

/* The demo neither listens nor sends beyond loopback: discovery, ICE and all. In a namespace of its own, with a way out that is counted. */

let namespace: NetworkNamespace;

beforeAll(() => {
  namespace = createNetworkNamespace(`gateway-test-${process.pid}`);
});

afterAll(() => namespace?.close());

it('the demo and its viewer stay on this machine', async () => {
  const { prefix } = namespace;
  const demo = new CliProcess(['run', '--port', '0'], { prefix });
  try {
    const [, origin, token = ''] = await demo.says(/(http:\/\/127\.0\.0\.1:\d+)\/\?token=(\S+)/);
    await demo.says(/camera demo-camera-2 online/);
    const server = `${origin?.replace('http', 'ws')}/signaling`;
    const viewer = new CliProcess(
      ['view', '--server', server, '--peer', 'demo-camera-1', '--token', token, '--duration', '3', '--json'],
      { prefix },
    );
    expect(await viewer.exit(), viewer.stderr).toBe(0);
    expect((JSON.parse(viewer.stdout) as { frames: number }).frames).toBeGreaterThan(25);

    const listening = namespace
      .run('ss', '-H', '-l', '-n', '-t', '-u')
      .trim()
      .split('\n')
      .map((line) => line.split(/\s+/)[4] ?? '');
    expect(listening.length).toBeGreaterThan(3);
    // The group of WS-Discovery is joined on the loopback interface only.
    expect(listening.filter((address) => !/^(127\.0\.0\.1|239\.255\.255\.250):/.test(address))).toEqual([]);
    const groups = namespace.run('ip', 'maddress', 'show', 'dev', 'outside');
    expect(groups).not.toContain('239.255.255.250');
    expect(namespace.packetsLeft()).toBe(0);

    // The counter does count.
    namespace.run('bash', '-c', 'echo x > /dev/udp/198.51.100.1/9');
    expect(namespace.packetsLeft()).toBeGreaterThan(0);
  } finally {
    demo.kill('SIGTERM');
    await demo.exit();
  }
});
