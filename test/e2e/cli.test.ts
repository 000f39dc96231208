import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { WebSocketServer } from 'ws';
import { CliProcess, runCli } from '../support/cli.ts';
import { CREDENTIALS, startSimulatedCamera, startSite } from '../support/site.ts';

/* The commands as installers, systemd and scripts meet them. */

const folder = mkdtempSync(join(tmpdir(), 'gateway-cli-'));
const running: CliProcess[] = [];

afterEach(async () => {
  for (const process of running.splice(0)) {
    process.kill('SIGKILL');
    await process.exit();
  }
});

afterAll(() => rmSync(folder, { recursive: true }));

function start(args: readonly string[], env?: Record<string, string>): CliProcess {
  const process = new CliProcess(args, env === undefined ? {} : { env });
  running.push(process);
  return process;
}

function configFile(text: string): string {
  const file = join(folder, 'gateway.yaml');
  writeFileSync(file, text);
  return file;
}

describe.concurrent('a config with errors', () => {
  const broken = `http:
  listn: 127.0.0.1:8080
cameras:
  - id: door
    onvif: 192.0.2.1
    password: \${MISSING_SECRET}
  - id: door
    onvif: 80
`;

  it.each(['check', 'run'])(
    'is told by %s with file, line, column and what to write instead, and ends with 2',
    async (command) => {
      const file = configFile(broken);
      const { code, stderr, stdout } = await runCli([command, '--config', file]);
      expect(code).toBe(2);
      expect(stdout).toBe('');
      const said = stderr.split('\n');
      // A typo, a wrong type, a duplicate id, a missing secret: each at its own place.
      for (const [place, words] of [
        ['2:3', /listn.*listen/],
        ['8:12', /onvif/],
        ['7:9', /door/],
        ['6:15', /MISSING_SECRET/],
      ] as const) {
        expect(
          said.filter((line) => line.startsWith(`${file}:${place}: `) && words.test(line)),
          `${place} in:\n${stderr}`,
        ).toHaveLength(1);
      }
    },
  );
});

describe('run --config', () => {
  it('serves the cameras, logs JSON lines without secrets, and unregisters and ends within 5 s at SIGTERM', async () => {
    const { simulated, camera } = await startSimulatedCamera('yard');
    const file = configFile(`http: {listen: "127.0.0.1:0"}
discovery: {enabled: false}
cameras:
  - id: yard
    onvif: 127.0.0.1:${camera.onvif?.port}
    username: ${CREDENTIALS.username}
    password: \${YARD_PASSWORD}
`);
    const gateway = start(['run', '--config', file], { YARD_PASSWORD: CREDENTIALS.password });
    const [, url] = await gateway.says(/viewer page at (http:\S+)\//);
    await vi.waitFor(async () => expect((await fetch(`${url}/readyz`)).status).toBe(200), { timeout: 10_000 });
    await gateway.says(/camera yard online/);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect(await (await fetch(`${url}/metrics`)).text()).toMatch(/^onvif_gateway_/m);

    const viewer = start([
      'view',
      '--server',
      `${url?.replace('http', 'ws')}/signaling`,
      '--peer',
      'yard',
      // What its viewers start with fits into any receive buffer; of the other profile some may be lost where the system allows no larger one.
      ...['--profile', 'sub'],
      '--duration',
      '3',
      '--json',
    ]);
    expect(await viewer.exit()).toBe(0);
    expect(JSON.parse(viewer.stdout)).toMatchObject({ connected: true, lost: 0, error: null });

    const stoppedAt = performance.now();
    gateway.kill('SIGTERM');
    expect(await gateway.exit()).toBe(0);
    expect(performance.now() - stoppedAt).toBeLessThan(5000);
    const lines = gateway.stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { level: number; msg: string });
    expect(lines.map(({ msg }) => msg)).toContain('Stopped');
    expect(lines.filter(({ level }) => level >= 40)).toEqual([]);
    expect(gateway.stderr).not.toContain(CREDENTIALS.password);
    await simulated.close();
  });
});

describe('run, the demo', () => {
  it('prints an address with a token, and view prints time to first frame, frames and bitrate of its camera', async () => {
    const demo = start(['run', '--port', '0']);
    const [, origin, token] = await demo.says(/(http:\/\/127\.0\.0\.1:\d+)\/\?token=(\S+)/);
    expect((await fetch(`${origin}/api/cameras`)).status).toBe(401);
    await vi.waitFor(async () => expect((await fetch(`${origin}/readyz`)).status).toBe(200), { timeout: 10_000 });
    const args = [
      'view',
      '--server',
      `${origin?.replace('http', 'ws')}/signaling`,
      '--peer',
      'demo-camera-1',
      '--duration',
      '4',
      '--json',
    ];
    const viewer = start(args, { ONVIF_GATEWAY_TOKEN: token ?? '' });
    expect(await viewer.exit(), viewer.stderr).toBe(0);
    const result = JSON.parse(viewer.stdout) as Record<string, number>;
    expect(result).toMatchObject({ connected: true, profileSwitches: 0, error: null });
    expect(result['timeToFirstFrameMs']).toBeGreaterThan(0);
    expect(result['frames']).toBeGreaterThan(50);
    expect(result['bitrateKbps']).toBeGreaterThan(1000);
    expect(result['audioPackets']).toBeGreaterThan(100);
    expect(result['metadataDocuments']).toBeGreaterThan(5);

    const refused = await runCli([...args, '--token', 'wrong']);
    expect(refused.code).toBe(1);
    expect(JSON.parse(refused.stdout)).toMatchObject({ connected: false, error: { code: 401 } });
  });
});

describe('view', () => {
  it('says in its help where the token may stand, and not what stands there', async () => {
    const { code, stdout } = await runCli(['view', '--help'], { env: { ONVIF_GATEWAY_TOKEN: 'secret-of-the-site' } });
    expect(code).toBe(0);
    expect(stdout).toContain('ONVIF_GATEWAY_TOKEN');
    expect(stdout).not.toContain('secret-of-the-site');
  });

  it.each([
    ['SIGINT', 'takes the WebSocket and says nothing', true],
    ['SIGTERM', 'does not even take it', false],
  ] as const)('ends at once at %s, with 1 and a word about it, while the server %s', async (signal, _what, takes) => {
    const webSockets = new WebSocketServer({ noServer: true });
    const http = createServer();
    const reached = once(http, 'upgrade');
    http.on('upgrade', (request, socket, head) => {
      if (takes) webSockets.handleUpgrade(request, socket, head, () => undefined);
    });
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    const { port } = http.address() as AddressInfo;
    const viewer = start(['view', '--server', `ws://127.0.0.1:${port}/`, '--peer', 'yard', '--json']);
    await reached;
    const endedAt = performance.now();
    viewer.kill(signal);
    expect(await viewer.exit()).toBe(1);
    expect(performance.now() - endedAt).toBeLessThan(5000);
    expect(JSON.parse(viewer.stdout)).toMatchObject({
      connected: false,
      error: { code: 410, message: 'The command was ended before the camera was connected.' },
    });
    http.close();
    http.closeAllConnections();
  });
});

describe.concurrent('view of a camera that does not play', () => {
  const viewArguments = (signaling: string, peer: string): string[] => {
    return ['view', '--server', signaling, '--peer', peer, '--duration', '1'];
  };

  it('ends with 1 when not one picture came', async () => {
    const { simulated, camera } = await startSimulatedCamera('yard');
    simulated.rtsp.faults.lossShare = 1;
    const site = await startSite([camera]);
    // Who comes sooner is told that the camera is not connected yet.
    await vi.waitFor(() => expect(site.gateway.cameras()[0]?.state).toBe('online'), { timeout: 15_000, interval: 20 });
    const { code, stdout } = await runCli([...viewArguments(site.signaling, 'yard'), '--json']);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      connected: true,
      frames: 0,
      timeToFirstFrameMs: null,
      error: { code: 408, message: 'No picture came from the camera.', detail: null },
    });
    await site.close();
    await simulated.close();
  });

  it('says also in the words of the other side why', async () => {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    await once(server, 'listening');
    const refusal = { code: 480, message: 'The camera does not accept the password.' };
    server.on('connection', (socket) => {
      socket.on('message', (data: Buffer) => {
        const { id, method } = JSON.parse(data.toString()) as { id: unknown; method: string };
        socket.send(JSON.stringify({ jsonrpc: '2.0', id, ...(method === 'connect' ? { error: refusal } : { result: {} }) }));
      });
    });
    const args = viewArguments(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/`, 'yard');
    const [json, text] = await Promise.all([runCli([...args, '--json']), runCli(args)]);
    expect(JSON.parse(json.stdout)).toMatchObject({
      connected: false,
      error: { code: 480, message: 'The camera is not available right now.', detail: refusal.message },
    });
    expect(text.stdout).toBe('Not connected: The camera is not available right now. The camera does not accept the password.\n');
    server.close();
  });
});

describe.concurrent('wrong usage', () => {
  it.each([
    ['no camera named', ['view', '--server', 'ws://127.0.0.1:1/signaling']],
    ['a port that is none', ['run', '--port', '70000']],
    ['an unknown command', ['wiew']],
  ])('ends with 2 and says what to write: %s', async (_, args) => {
    const { code, stderr } = await runCli(args);
    expect(code).toBe(2);
    expect(stderr).toMatch(/error: .+/);
  });
});
