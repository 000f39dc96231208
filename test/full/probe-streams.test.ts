import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProbeReport, ProfileReport } from '../../src/probe/report.ts';
import { makeCertificate } from '../support/certificate.ts';
import { runCli } from '../support/cli.ts';
import { startFfmpegRtspCamera } from '../support/ffmpeg-rtsp-camera.ts';
import { startGstRtspServer, type GstRtspServer } from '../support/gst-rtsp-server.ts';
import { CREDENTIALS } from '../support/site.ts';

/* `probe` of streams on servers that others wrote: what it measures is what their encoders were set to. */

let folder: string;
let gst: GstRtspServer;
const login = (): string[] => ['--username', CREDENTIALS.username, '--password-file', join(folder, 'password')];
const mount = (name: string): string => gst.url.replace('/live', `/${name}`);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'probe-'));
  writeFileSync(join(folder, 'password'), `${CREDENTIALS.password}\n`);
  gst = await startGstRtspServer({ allMounts: true, auth: { scheme: 'digest', ...CREDENTIALS } });
});

afterAll(async () => {
  await gst?.close();
  rmSync(folder, { recursive: true });
});

/** The first profile of a stream that is probed by its URL. */
async function profileAt(url: string, ...args: string[]): Promise<ProfileReport> {
  const { stdout, stderr } = await runCli(['probe', url, '--json', ...args]);
  const [profile] = (JSON.parse(stdout) as ProbeReport).profiles;
  if (profile === undefined) throw new Error(stderr);
  return profile;
}

describe('probe of a stream', () => {
  it('says of H.265 that it is converted, and what to set', async () => {
    const profile = await profileAt(mount('h265'), ...login(), '--duration', '3');
    expect(profile).toMatchObject({
      video: { codec: 'H265', profile: 'Main', width: 320, height: 240, bFrames: false, reordered: false },
      browser: { plays: true, notes: [{ code: 'video.h265', advice: expect.stringContaining('H.264') as string }] },
    });
    expect(profile.video?.framesPerSecond).toBeCloseTo(25, 0);
    expect(profile.video?.keyframeInterval?.frames).toBe(25);
  });

  it.each([
    ['aac', { codec: 'MPEG4-GENERIC', sampleRateHz: 16_000, channels: 1 }, 'AAC'],
    ['g726', { codec: 'G726-32', sampleRateHz: 8000, channels: 1 }, 'G.726-32'],
  ])('says of sound that is converted what it is: %s', async (name, audio, shown) => {
    const profile = await profileAt(mount(name), ...login(), '--duration', '1.5');
    expect(profile).toMatchObject({
      audio,
      video: null,
      browser: { plays: false, reasons: [{ code: 'video.none' }], sound: { plays: true, reason: { code: 'audio.converted' } } },
    });
    expect(profile.browser.sound?.reason?.message).toContain(`${shown},`);
  });

  it('measures Opus and metadata', async () => {
    expect(await profileAt(mount('opus'), ...login(), '--duration', '1.5')).toMatchObject({
      audio: { codec: 'OPUS', sampleRateHz: 48_000, channels: 2 },
      browser: { sound: { plays: true, reason: null } },
    });
    const { metadata } = await profileAt(mount('metadata'), ...login(), '--duration', '1.5');
    expect(metadata?.parts).toEqual(['analytics']);
    expect(metadata?.documents).toBeGreaterThan(3);
  });

  it('says of B-frames that they are converted, and what to set', async () => {
    const camera = await startFfmpegRtspCamera({ encoder: ['-preset', 'fast', '-bf', '2', '-g', '30', '-pix_fmt', 'yuv420p'] });
    const profile = await profileAt(camera.url, '--duration', '4.5');
    await camera.close();
    expect(profile).toMatchObject({
      video: { profile: 'High', width: 640, height: 360, bFrames: true, reordered: true },
      audio: { codec: 'PCMU', bitrateKbps: 64 },
      browser: { plays: true, notes: [{ code: 'video.b_frames', advice: expect.stringContaining('B-frames') as string }] },
    });
    expect(profile.video?.framesPerSecond).toBeCloseTo(15, 0);
    expect(profile.video?.keyframeInterval?.frames).toBe(30);
  });

  it('inside TLS is refused for its certificate, and taken by the fingerprint that is told', async () => {
    const server = await startGstRtspServer({ certificate: makeCertificate() });
    const refused = await profileAt(server.url);
    const [, fingerprint = ''] = /--fingerprint ([\da-f]{64})$/.exec(refused.reason?.advice ?? '') ?? [];
    expect(refused).toMatchObject({ reason: { code: 'rtsp.certificate' }, browser: { plays: null } });
    const taken = await profileAt(server.url, '--fingerprint', fingerprint, '--duration', '1.5');
    await server.close();
    expect(taken).toMatchObject({ transport: 'tls', video: { width: 320, height: 240 }, browser: { plays: true }, reason: null });
  });
});
