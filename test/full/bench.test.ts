import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { SignalingLink } from '../../src/client/signaling-link.ts';
import type { CameraFunctions } from '../bench/camera/process.ts';
import { Remote } from '../bench/remote.ts';
import type { Row } from '../bench/row.ts';
import { startGateway } from '../bench/senders/own.ts';
import { startGatewayPaced } from '../bench/senders/paced.ts';
import type { CameraSite, Sender } from '../bench/senders/sender.ts';
import { monotonicUs, TIME_STAMP, writeTime } from '../bench/time-stamp.ts';
import { Reception, type LatencySamples } from '../bench/viewers/reception.ts';
import type { SrtpReader } from '../../src/peer/webrtc/headless/srtp-reader.ts';
import { encodeRtpPacket } from '../../src/media/rtp/packet.ts';

/* That `npm run bench` can measure everything, and says what it means; how fast anything is, is no test's business. */

const MAIN = fileURLToPath(new URL('../bench/main.ts', import.meta.url));
/** Of a run; it ends what it started when it is asked to end. */
const MOST_MS = 10 * 60_000;
/** Of video. */
const PAYLOAD_TYPE = 102;
const SENT_BEFORE_MS = 250;
const SCENARIOS = ['egress', 'viewers', 'peers', 'latency', 'workers', 'cameras', 'first-frame'];

interface Result {
  machine: { cores: number; node: string };
  size: string;
  rows: Row[];
  findings: string[];
}

/** What it leaves behind in its folder for temporary files is an error. */
async function bench(args: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const limits = { maxBuffer: 16 * 1024 * 1024, timeout: MOST_MS, killSignal: 'SIGTERM' } as const;
  const said = await promisify(execFile)(process.execPath, [MAIN, ...args], {
    ...limits,
    env: { ...process.env, TMPDIR: folder },
  });
  expect(readdirSync(folder)).toEqual([]);
  return said;
}

describe('npm run bench', () => {
  it('measures each scenario in the small size, with rows that make sense', async () => {
    const { stdout, stderr } = await bench(['--size', 'small', '--json', '-']);
    const { machine, size, rows, findings } = JSON.parse(stdout) as Result;
    expect(machine).toMatchObject({ cores: expect.any(Number), node: process.version });
    expect(size).toBe('small');
    expect([...new Set(rows.map(({ scenario }) => scenario))]).toEqual(SCENARIOS);
    expect(new Set(rows.map(({ sender }) => sender))).toEqual(new Set(['own', 'werift']));
    for (const row of rows) {
      const what = `${JSON.stringify(row)}\n${stderr}`;
      expect(row.cameras, what).toBeGreaterThan(0);
      expect(row.mbit_s, what).toBeGreaterThan(0);
      expect(
        row.flags.filter((flag) => /no packet|decrypt/.test(flag)),
        what,
      ).toEqual([]);
      if (row.receivers !== null) expectLoad(row, what);
    }
    const starts = rows
      .filter(({ scenario }) => scenario === 'first-frame')
      .map(({ first_frame_ms: { warm, cold } }) => [warm, cold]);
    expect(starts).toEqual([[expect.any(Number), expect.any(Number)]]);
    expect(findings.map((finding) => /^\w+/.exec(finding)?.[0])).toEqual(
      expect.arrayContaining(['egress', 'viewers', 'workers', 'cameras']),
    );
  });

  it('prints a table for a page of documentation', async () => {
    const { stdout } = await bench(['--size', 'small', '--scenario', 'egress', '--markdown']);
    const [title = '', rule = '', ...rows] = stdout.split('\n').filter((line) => line.startsWith('|'));
    expect(title).toContain('| us a packet |');
    expect(rule).toMatch(/^\|( (---|--:) \|)+$/);
    expect(rows.map((row) => row.split('|')[2]?.trim())).toEqual(['own', 'werift']);
  });

  it('says what is wrong with a peer', async () => {
    await expect(bench(['--peer', 'go2rtc'])).rejects.toThrow('"go2rtc" is not NAME=PATH.');
    await expect(bench(['--peer', 'go2rtc=/nowhere/go2rtc'])).rejects.toThrow('/nowhere/go2rtc is not there.');
    await expect(bench(['--peer', `other=${process.execPath}`])).rejects.toThrow('says of itself neither go2rtc nor mediamtx');
  });
});

describe('the clock of the bench', () => {
  it('is that of the system in a process that has only begun, so that all processes have the same', async () => {
    const module = JSON.stringify(new URL('../bench/time-stamp.ts', import.meta.url).href);
    // In a process that has done nothing else yet, it lies between two readings of the system's clock.
    const script = `const { monotonicUs } = await import(${module}); const us = () => Number(process.hrtime.bigint() / 1000n);
      const off = Array.from({ length: 100 }, () => { const [before, read, after] = [us(), monotonicUs(), us()]; return Math.max(before - read, read - after - 1); });
      console.log(Math.min(...off));`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
    expect(Number(stdout)).toBeLessThan(1);
  });
});

describe('a viewer of the bench', () => {
  it('tells the packets of keyframes from others, also those in the middle of one', () => {
    const reception = new Reception(PAYLOAD_TYPE, () => undefined);
    reception.setKeys({ open: (datagram: Buffer) => datagram } as unknown as SrtpReader);
    // FU-A of RFC 6184 section 5.8: start, middle and end of a keyframe, of another picture; then a picture and parameter sets that share a packet (section 5.7.1).
    const [start, middle, end] = [0x80, 0, 0x40];
    const keyframe = [start, middle, end].map((bits) => [0x7c, bits | 5]);
    const other = [start, middle, end].map((bits) => [0x5c, bits | 1]);
    const packets = [...keyframe, ...other, [0x78, 0, 1, 0x67, 0, 1, 0x65], [0x41]];
    const give = (first: number): void => {
      for (const [at, head] of packets.entries()) {
        const payload = Buffer.concat([Buffer.from(head), stamped()]);
        const marker = head === keyframe.at(-1);
        const header = { payloadType: PAYLOAD_TYPE, marker, sequenceNumber: first + at, timestamp: 0, ssrc: 1 };
        reception.receive(encodeRtpPacket({ ...header, payload }));
      }
    };
    // Up to the first whole keyframe nothing is measured.
    give(0);
    reception.begin(1);
    give(packets.length);
    reception.endSampling();
    give(2 * packets.length);
    const latencies: LatencySamples = { ofKeyframes: [], ofOthers: [] };
    expect(reception.takeLatencies(packets.length - 1, latencies)).toBe(true);
    expect(reception.takeLatencies(packets.length, latencies)).toBe(false);
    expect([latencies.ofKeyframes.length, latencies.ofOthers.length]).toEqual([4, 4]);
    for (const milliseconds of [...latencies.ofKeyframes, ...latencies.ofOthers]) {
      expect(milliseconds).toBeGreaterThanOrEqual(SENT_BEFORE_MS - 0.001);
      expect(milliseconds).toBeLessThan(SENT_BEFORE_MS + 1000);
    }
  });
});

describe('a gateway that the bench starts', () => {
  it.each<[name: string, start: (site: CameraSite) => Promise<Sender>]>([
    ['as it is run', (site) => startGateway({ site })],
    ['with pacing', (site) => startGatewayPaced({ site, pacing: true })],
  ])('takes viewers as soon as it is started: %s', async (_, start) => {
    const camera = new Remote<CameraFunctions>(new URL('../bench/camera/process.ts', import.meta.url));
    onTestFinished(() => camera.close());
    const { port } = await camera.call('start', undefined);
    const sender = await start({ port, cameras: 1, kbitS: 1000, keyframeRatio: 8 });
    onTestFinished(() => sender.close());
    const place = sender.place(1);
    if (place.kind !== 'onvif') throw new Error('viewers join by signaling');
    const nothing = (): void => undefined;
    const link = new SignalingLink({
      server: place.server,
      token: () => Promise.resolve(undefined),
      createWebSocket: (url, subprotocol) => new WebSocket(url, subprotocol, { perMessageDeflate: false }),
      onInvite: () => Promise.reject(new Error('nobody is to be invited')),
      ...{ onCandidate: nothing, onErrorNotification: nothing, onLost: nothing },
    });
    onTestFinished(() => link.close());
    expect(await link.open(place.peer, undefined)).toMatchObject({ session: expect.any(String) });
  });
});

/** A part of a picture that was sent {@link SENT_BEFORE_MS} ago. */
function stamped(): Buffer {
  const part = Buffer.from(TIME_STAMP, 'latin1');
  writeTime(part, 0, monotonicUs() - SENT_BEFORE_MS * 1000);
  return part;
}

/** Packets came at about the rate that the cameras send, and nothing was measured that cannot be. */
function expectLoad(row: Row, what: string): void {
  const bits = ((row.packets_s ?? 0) / row.viewers) * 1100 * 8;
  expect(bits / 1e6 / row.mbit_s, what).toBeGreaterThan(0.3);
  expect(bits / 1e6 / row.mbit_s, what).toBeLessThan(3);
  expect(row.cpu_us_per_packet, what).toBeGreaterThan(1);
  expect(row.cpu_percent, what).toBeGreaterThan(0);
  expect(row.rss_mb, what).toBeGreaterThan(20);
  expect(row.latency_ms?.p50, what).toBeGreaterThan(0);
  expect(row.latency_ms?.p99, what).toBeGreaterThanOrEqual(row.latency_ms?.p50 ?? Infinity);
  expect(row.latency_ms?.max, what).toBeLessThan(60_000);
}
