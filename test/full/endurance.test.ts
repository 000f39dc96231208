import { expect, it, onTestFinished, vi } from 'vitest';
import { CliProcess } from '../support/cli.ts';
import { expectNothingLeaked, ReplaceableCamera, settled, standIn, streamOf, untilPlaying } from '../support/endurance.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { CREDENTIALS } from '../support/site.ts';

const MEBIBYTE = 1024 * 1024;

type StandIn = Parameters<typeof standIn>[1];

/** A gateway that pulls cameras of these ids, all of which play. */
async function site(...ids: string[]): Promise<{ gateway: GatewayProcess; cameras: ReplaceableCamera[] }> {
  const cameras = ids.map((id) => new ReplaceableCamera(id));
  for (const camera of cameras) await camera.start();
  const gateway = new GatewayProcess();
  onTestFinished(() => gateway.close());
  await gateway.start(
    cameras.map(({ id, ports }) => ({ id, name: id, credentials: CREDENTIALS, onvif: { host: '127.0.0.1', port: ports.onvif } })),
    { workers: 0 },
  );
  await Promise.all(ids.map((id) => untilPlaying(gateway, id)));
  return { gateway, cameras };
}

/** Lets something else answer on the camera's ports until ONVIF and the pull have failed by these codes, and brings it back. */
async function replaceFor(
  gateway: GatewayProcess,
  camera: ReplaceableCamera,
  standInFor: { onvif: StandIn; rtsp: StandIn },
  codes: readonly [onvif: string, rtsp: string],
): Promise<void> {
  await camera.stop();
  const ends = [await standIn(camera.ports.onvif, standInFor.onvif), await standIn(camera.ports.rtsp, standInFor.rtsp)];
  await untilFailedBy(gateway, camera.id, codes);
  for (const end of ends) await end();
  await camera.start();
  await untilPlaying(gateway, camera.id);
}

async function untilFailedBy(gateway: GatewayProcess, id: string, codes: readonly [onvif: string, rtsp: string]): Promise<void> {
  const seen = new Set<string | undefined>();
  await vi.waitFor(
    async () => {
      const camera = (await gateway.cameras()).find((each) => each.id === id);
      seen.add(camera?.reason?.code).add(camera?.profiles[0]?.stream.reason?.code);
      expect([...seen]).toEqual(expect.arrayContaining([...codes]));
    },
    { timeout: 90_000, interval: 100 },
  );
}

it('a camera that is rebooted 50 times in a row comes back each time, its viewer stays, and nothing leaks', async () => {
  const { gateway, cameras } = await site('yard', 'gate');
  const [yard] = cameras;
  const reboots = async (count: number): Promise<void> => {
    for (let done = 0; done < count; done += 1) {
      await yard?.camera?.reboot(50);
      await untilPlaying(gateway, 'yard');
    }
  };
  // What is compiled and cached at the first ones is no leak.
  await reboots(5);
  const before = await settled(gateway);
  const [yardBefore, gateBefore] = [await streamOf(gateway, 'yard'), await streamOf(gateway, 'gate')];
  const viewer = new CliProcess([
    ...['view', '--server', `${gateway.url.replace('http', 'ws')}/signaling`, '--peer', 'yard'],
    ...['--duration', '25', '--json'],
  ]);
  onTestFinished(() => viewer.kill('SIGKILL'));
  await vi.waitFor(async () => expect((await streamOf(gateway, 'yard'))?.readers).toBe(1), { timeout: 30_000, interval: 50 });
  await reboots(50);
  expect(await viewer.exit(), viewer.stderr).toBe(0);
  expect(JSON.parse(viewer.stdout)).toMatchObject({ connected: true, error: null });
  const [yardAfter, gateAfter] = [await streamOf(gateway, 'yard'), await streamOf(gateway, 'gate')];
  expect((yardAfter?.reconnects ?? 0) - (yardBefore?.reconnects ?? 0)).toBeGreaterThanOrEqual(50);
  // The other camera did not notice.
  expect(gateAfter).toMatchObject({ state: 'playing', reconnects: gateBefore?.reconnects, stalls: gateBefore?.stalls });
  // One RTSP connection holds more than 100 KiB in buffers, so that 50 that stayed would show.
  await expectNothingLeaked(gateway, before, 4 * MEBIBYTE, '50 reboots');
});

/** Answers each request by `answer` of its CSeq. */
function always(answer: (cseq: string) => string): StandIn {
  return (socket) => socket.on('data', (request: Buffer) => socket.write(answer(cseqOf(request))));
}

/** Begins an answer, and goes on with it for as long as somebody takes it. */
function endless(head: (cseq: string) => string, more: string): StandIn {
  return (socket) =>
    socket.once('data', (request: Buffer) => {
      socket.write(head(cseqOf(request)));
      const write = (): void => {
        while (!socket.destroyed && socket.write(more.repeat(1000)));
      };
      socket.on('drain', write);
      write();
    });
}

/** Begins an answer, and goes on with it by a byte twice a second. */
function trickling(head: string): StandIn {
  return (socket) =>
    socket.once('data', () => {
      socket.write(head);
      const timer = setInterval(() => socket.write('x'), 500);
      socket.once('close', () => clearInterval(timer));
    });
}

function cseqOf(request: Buffer): string {
  return /CSeq: *(\d+)/i.exec(request.toString('latin1'))?.[1] ?? '0';
}

it('a changed password, a full disk, answers without an end: each camera comes back by itself, and nothing leaks', async () => {
  const { gateway, cameras } = await site('password', 'disk', 'headers', 'body', 'slow', 'untroubled');
  const [password, disk, headers, body, slow] = cameras;
  if (password === undefined || disk === undefined || headers === undefined || body === undefined || slow === undefined)
    throw new Error('the site has fewer cameras than were asked for');
  const before = await settled(gateway);
  const untroubled = await streamOf(gateway, 'untroubled');

  const changePassword = async (): Promise<void> => {
    await password.stop();
    await password.start('another password');
    await untilFailedBy(gateway, 'password', ['camera.unauthorized', 'rtsp.unauthorized']);
    await password.stop();
    await password.start();
    await untilPlaying(gateway, 'password');
  };
  const html = 'HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml\r\n';
  await Promise.all([
    changePassword(),
    replaceFor(
      gateway,
      disk,
      {
        onvif: always(() => 'HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n'),
        rtsp: always((cseq) => `RTSP/1.0 503 Service Unavailable\r\nCSeq: ${cseq}\r\n\r\n`),
      },
      ['camera.unavailable', 'rtsp.status'],
    ),
    replaceFor(
      gateway,
      headers,
      {
        onvif: endless(() => html, 'X-More: and more\r\n'),
        rtsp: endless((cseq) => `RTSP/1.0 200 OK\r\nCSeq: ${cseq}\r\n`, 'X-More: and more\r\n'),
      },
      ['camera.not_onvif', 'rtsp.protocol'],
    ),
    replaceFor(
      gateway,
      body,
      {
        onvif: endless(() => `${html}\r\n<Envelope>`, '<more/>'),
        rtsp: endless(
          (cseq) => `RTSP/1.0 200 OK\r\nCSeq: ${cseq}\r\nContent-Type: application/sdp\r\nContent-Length: 4000000000\r\n\r\n`,
          'a=more\r\n',
        ),
      },
      ['camera.not_onvif', 'rtsp.protocol'],
    ),
    replaceFor(
      gateway,
      slow,
      {
        onvif: trickling(`${html}\r\n<`),
        rtsp: trickling('RTSP/1.0 200 OK\r\nX-'),
      },
      ['camera.timeout', 'rtsp.timeout'],
    ),
  ]);
  expect(await streamOf(gateway, 'untroubled')).toMatchObject({
    state: 'playing',
    reconnects: untroubled?.reconnects,
    stalls: untroubled?.stalls,
  });
  await expectNothingLeaked(gateway, before, 5 * MEBIBYTE, 'a changed password, a full disk, answers without an end');
});
