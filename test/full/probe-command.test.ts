import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ProbeReport } from '../../src/probe/report.ts';
import { MAIN_PROFILE, SUB_PROFILE } from '../../src/simulator/profiles.ts';
import type { SimulatedCamera } from '../../src/simulator/simulated-camera.ts';
import { CliProcess, runCli } from '../support/cli.ts';
import { CREDENTIALS, startSimulatedCamera } from '../support/site.ts';

/* `probe` as a process, against a simulated camera: what it measures is what its encoder was set to. */

let folder: string;
let simulated: SimulatedCamera;
let onvif: string;
let rtspUrl: string;
const inFolder = (name: string): string => join(folder, name);
const login = (file = 'password'): string[] => ['--username', CREDENTIALS.username, '--password-file', inFolder(file)];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'probe-'));
  writeFileSync(inFolder('password'), `${CREDENTIALS.password}\n`);
  writeFileSync(inFolder('wrong'), 'wrong-password\n');
  const started = await startSimulatedCamera('yard');
  simulated = started.simulated;
  onvif = `127.0.0.1:${started.camera.onvif?.port}`;
  rtspUrl = started.rtspUrl;
});

afterAll(async () => {
  await simulated?.close();
  rmSync(folder, { recursive: true });
});

function probe(...args: string[]): ReturnType<typeof runCli> {
  return runCli(['probe', ...args]);
}

const reportOf = (stdout: string): ProbeReport => JSON.parse(stdout) as ProbeReport;

describe('probe of an ONVIF camera', () => {
  it('says in JSON what the camera is and can do, and measures in each profile what its encoder was set to', async () => {
    const { code, stdout, stderr } = await probe(onvif, ...login(), '--duration', '2.6', '--json');
    expect(code, stderr).toBe(0);
    expect(stderr).toBe('');
    const report = reportOf(stdout);
    expect(report).toMatchObject({
      kind: 'onvif',
      address: onvif,
      credentials: 'accepted',
      firmware: 'simulator',
      serial: simulated.identity.serialNumber,
      reason: null,
      complete: true,
      onvif: { events: true, ptz: true, imaging: true, audioOutputs: 1 },
    });
    expect(Math.abs(report.clockOffsetMs ?? Number.NaN)).toBeLessThan(1500);
    expect(report.onvif?.services).toContainEqual({ name: 'media2', version: expect.stringMatching(/^\d+\.\d\d$/) as string });

    for (const [index, wanted] of [MAIN_PROFILE, SUB_PROFILE].entries()) {
      const profile = report.profiles[index];
      expect(profile).toMatchObject({
        token: wanted.token,
        transport: 'tcp',
        configured: { video: { codec: 'H264', width: wanted.width, height: wanted.height }, metadata: true },
        video: {
          codec: 'H264',
          profile: wanted.h264Profile,
          level: (wanted.h264Level / 10).toFixed(1),
          width: wanted.width,
          height: wanted.height,
          interlaced: false,
          keyframeInterval: { frames: wanted.gopLength, seconds: 2, longestSeconds: 2 },
          bFrames: false,
          reordered: false,
          lost: 0,
          malformed: 0,
          damaged: 0,
          packetizationMode: 1,
        },
        audio: { codec: 'PCMU', sampleRateHz: 8000, channels: 1, bitrateKbps: 64 },
        browser: { plays: true, reasons: [], sound: { plays: true, reason: null } },
        reason: null,
      });
      const { video, metadata, firstPacketMs, firstKeyframeMs } = profile ?? {};
      expect(video?.framesPerSecond).toBeCloseTo(wanted.framesPerSecond, 1);
      expect((video?.bitrateKbps ?? 0) / wanted.bitrateKbps).toBeGreaterThan(0.7);
      expect((video?.bitrateKbps ?? 0) / wanted.bitrateKbps).toBeLessThan(1.4);
      expect(video?.senderReports).toBeGreaterThan(0);
      expect(Math.abs(video?.clockOffsetMs ?? Number.NaN)).toBeLessThan(500);
      expect(metadata?.documents).toBeGreaterThan(5);
      expect(metadata?.parts.toSorted()).toEqual(['analytics', 'ptz']);
      expect(firstPacketMs).toBeLessThanOrEqual(firstKeyframeMs ?? 0);
    }
  });

  it('shows a screen no wider than 100 columns, without control characters where it is no terminal', async () => {
    const { code, stdout, stderr } = await probe(onvif, ...login(), '--duration', '1', '--profile', 'sub');
    expect(code).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(stdout).toMatch(/^[\n\u0020-\u007e]+$/);
    expect(stdout).toContain('Profile 1 of 1: sub (Sub stream)');
    expect(stdout).toMatch(/^ {2}Resolution +640x360 +640x360$/m);
    expect(stdout).toMatch(/^ {2}B-frames +none$/m);
    expect(stdout).toMatch(/^ {2}Plays in a browser: yes$/m);
    expect(stderr).toMatch(/^Asking 127\.0\.0\.1:\d+ by ONVIF \.\.\.\nConnecting to profile Sub stream \(1 of 1\) \.\.\.\n$/);
    expect(stdout + stderr).not.toContain(CREDENTIALS.password);
  });

  it('takes a camera by its id in the config, with its credentials and transport', async () => {
    const config = inFolder('gateway.yaml');
    const camera = `{id: yard, onvif: "${onvif}", username: ${CREDENTIALS.username}, password_file: password, transport: udp}`;
    writeFileSync(config, `cameras:\n  - ${camera}\n`);
    const { code, stdout, stderr } = await probe(
      'yard',
      '--config',
      config,
      '--duration',
      '1',
      '--profile',
      'Sub stream',
      '--json',
    );
    expect(code, stderr).toBe(0);
    expect(reportOf(stdout)).toMatchObject({
      target: 'yard',
      id: 'yard',
      credentials: 'accepted',
      profiles: [{ token: 'sub', transport: 'udp' }],
    });
  });

  it('tells a wrong password from a missing one, with the clock, and ends with 1', async () => {
    simulated.clockOffsetMs = 3_600_000;
    const wrong = await probe(onvif, ...login('wrong'), '--json');
    const missing = await probe(onvif);
    simulated.clockOffsetMs = 0;
    expect(wrong.code).toBe(1);
    const report = reportOf(wrong.stdout);
    expect(report).toMatchObject({
      credentials: 'refused',
      reason: { code: 'camera.unauthorized' },
      complete: false,
      profiles: [],
    });
    expect(Math.round((report.clockOffsetMs ?? 0) / 60_000)).toBe(60);
    expect(wrong.stdout + wrong.stderr).not.toContain('wrong-password');
    expect(missing.code).toBe(1);
    expect(missing.stdout).toMatch(/Credentials +asked for, and none given/);
    expect(missing.stdout).toMatch(/Clock +\d+ s ahead: set its time or NTP/);
    expect(missing.stdout).toContain('--username NAME --password-file FILE');
  });

  it('shows at Ctrl+C at once what it has found', async () => {
    const process = new CliProcess(['probe', onvif, ...login(), '--duration', '60']);
    await process.says(/Connecting to profile Main stream/);
    await vi.waitFor(() => expect(simulated.rtsp.connections).toBeGreaterThan(0), { timeout: 15_000 });
    const asked = performance.now();
    process.kill('SIGINT');
    expect(await process.exit()).toBe(0);
    expect(performance.now() - asked).toBeLessThan(2500);
    expect(process.stdout).toContain('Interrupted: this is what was known by then.');
    expect(process.stdout).toMatch(/Serial +SIM-/);
    expect(process.stdout).toMatch(/Resolution +\S+ +1280x720/);
    expect(process.stdout).toContain('Profile 2 of 2: sub');
  });
});

describe('probe of what is no ONVIF camera', () => {
  it('says that nobody answers', async () => {
    const { code, stdout } = await probe('127.0.0.1:1', '--json');
    expect(code).toBe(1);
    expect(reportOf(stdout)).toMatchObject({ reason: { code: 'camera.unreachable' }, credentials: 'unknown', onvif: null });
  });

  it('says that a web server is none', async () => {
    const web = createServer((_, response) => response.end('<html></html>')).listen(0, '127.0.0.1');
    await once(web, 'listening');
    const { code, stdout } = await probe(`127.0.0.1:${(web.address() as AddressInfo).port}`);
    web.close();
    expect(code).toBe(1);
    expect(stdout).toMatch(/is not an ONVIF camera/);
  });

  it('ends with 2 and names the profiles where one is asked for that is not there', async () => {
    const { code, stderr, stdout } = await probe(onvif, ...login(), '--profile', 'third');
    expect(code).toBe(2);
    expect(stderr).toContain('The camera has no profile "third". It has: main (Main stream), sub (Sub stream).');
    expect(stdout).toBe('');
  });
});

describe('probe of an RTSP URL', () => {
  it('takes user name and password out of it, and shows them nowhere', async () => {
    const url = rtspUrl.replace('rtsp://', `rtsp://${CREDENTIALS.username}:${CREDENTIALS.password}@`);
    const { code, stdout, stderr } = await probe(url, '--duration', '1');
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/Credentials +accepted/);
    expect(stdout + stderr).not.toContain(CREDENTIALS.password);
    const refused = await probe(url.replace(CREDENTIALS.password, 'not-it'), '--json');
    expect(refused.code).toBe(1);
    expect(reportOf(refused.stdout)).toMatchObject({
      credentials: 'refused',
      profiles: [{ reason: { code: 'rtsp.unauthorized' } }],
    });
    expect(refused.stdout).not.toContain('not-it');
  });
});
