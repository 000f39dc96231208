import { describe, expect, it } from 'vitest';
import { parseRtcp } from '../../src/media/rtp/rtcp.ts';
import { PathEstimate } from '../../src/peer/egress/path-estimate.ts';
import { createSrtpEgress } from '../../src/peer/egress/srtp.ts';
import { median } from '../bench/row.ts';
import { encodeTransportFeedback } from '../support/transport-feedback.ts';

/*
 * What the estimate of a viewer's path costs, beside what every packet costs anyway: processor time of this process, of rounds that take turns. No
 * limit is one of time, which says as much of the machine as of the estimate.
 */

/** 4 Mbit/s: 400 packets a second, reported on 20 times. */
const PACKETS_A_REPORT = 20;
const REPORT_MS = 50;
const REPORTS = 3000;
const ROUNDS = 7;
/** Encrypted in a round. */
const ENCRYPTED = 20_000;
/** The most that the estimate may cost as a share of encryption: some four times what is seen. */
const MOST_OF_ENCRYPTION = 0.2;

function cpuNs(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) * 1000;
}

/** Feedback on packets that take now longer, now shorter. */
const REPORT = Array.from({ length: REPORTS }, (_, report) =>
  encodeTransportFeedback(
    Array.from({ length: PACKETS_A_REPORT }, (__, packet) => ({
      sequence: report * PACKETS_A_REPORT + packet,
      at: Math.round(4 * (report * REPORT_MS + packet * 2.5 + Math.sin(report / 20) * 10)),
    })),
    report,
  ),
);

/** Sends a report's packets. */
function send(path: PathEstimate, startMs: number): void {
  for (let packet = 0; packet < PACKETS_A_REPORT; packet += 1) path.sent.add(1200, startMs + packet * 2.5);
}

/** Protects packets as the sender of media does, and hands them to no socket. */
function protect(): void {
  const secret = { key: Buffer.alloc(16, 1), salt: Buffer.alloc(12, 2), authenticationKey: Buffer.alloc(0) };
  const memory = Buffer.alloc(1500);
  const nothing = (): void => undefined;
  const srtp = createSrtpEgress({
    keys: { profile: 'AEAD_AES_128_GCM', ...secret },
    datagram: (length) => memory.subarray(0, length),
    send: () => true,
    ...{ sendRtcp: nothing, cork: nothing, uncork: nothing },
    backlog: 0,
  });
  const [header, payload] = [Buffer.alloc(24, 0x80), Buffer.alloc(1150, 0x41)];
  for (let index = 0; index < ENCRYPTED; index += 1) srtp.send(header, payload, 1, index);
}

describe('the estimate of a path', () => {
  it('costs a packet less than a fifth of what its encryption costs', () => {
    const costs = { add: [] as number[], parse: [] as number[], take: [] as number[], protect: [] as number[] };
    // The compiler's own work is nobody's.
    protect();
    for (let round = 0; round < ROUNDS; round += 1) {
      let nowMs = 0;
      const [sending, whole] = [new PathEstimate(() => nowMs), new PathEstimate(() => nowMs)];
      const adding = cpuNs(() => {
        for (let report = 0; report < REPORTS; report += 1) send(sending, report * REPORT_MS);
      });
      const parsing = cpuNs(() => {
        for (const bytes of REPORT) parseRtcp(bytes);
      });
      const all = cpuNs(() => {
        for (const bytes of REPORT) {
          send(whole, nowMs);
          nowMs += REPORT_MS;
          for (const message of parseRtcp(bytes).messages) if (message.type === 'transport-feedback') whole.takeFeedback(message);
        }
      });
      expect(whole.kilobitsPerSecond).toBeGreaterThan(3000);
      costs.protect.push(cpuNs(protect) / ENCRYPTED);
      costs.add.push(adding / REPORTS / PACKETS_A_REPORT);
      costs.parse.push(parsing / REPORTS);
      costs.take.push((all - adding - parsing) / REPORTS);
    }
    const [add, parse, take] = [median(costs.add), median(costs.parse), median(costs.take)];
    const perPacket = add + (parse + take) / PACKETS_A_REPORT;
    const rounds = costs.protect.map((encryption, round) => {
      const [added = 0, parsed = 0, taken = 0] = [costs.add[round], costs.parse[round], costs.take[round]];
      return (added + (parsed + taken) / PACKETS_A_REPORT) / encryption;
    });
    const ratio = median(rounds);
    console.log(
      `send log ${add.toFixed(0)} ns a packet; feedback on ${PACKETS_A_REPORT} packets ${parse.toFixed(0)} ns to parse, ` +
        `${take.toFixed(0)} ns to estimate by; ${perPacket.toFixed(0)} ns a packet in all, ` +
        `${ratio.toFixed(3)} times the ${median(costs.protect).toFixed(0)} ns of its encryption`,
    );
    expect(ratio).toBeLessThan(MOST_OF_ENCRYPTION);
  });
});
