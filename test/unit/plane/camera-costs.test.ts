import { describe, expect, it } from 'vitest';
import { CameraCosts } from '../../../src/plane/camera-costs.ts';
import type { MediaStats, SessionStats, StreamStats } from '../../../src/plane/messages.ts';

type Counted = Pick<MediaStats, 'streams' | 'sessions' | 'ended'>;

const received = (cameraId: string, packetsReceived: number): StreamStats => ({ cameraId, packetsReceived }) as StreamStats;
type Sent = SessionStats & Counted['ended'][number];
const sent = (cameraId: string, packetsSent: number, packetsRetransmitted = 0): Sent =>
  ({ cameraId, packetsSent, packetsRetransmitted }) as Sent;

function counted({ streams = [], sessions = [], ended = [] }: Partial<Counted>): Counted {
  return { streams, sessions, ended };
}

describe("a thread's time", () => {
  it('is shared out by packets received and sent since the last time, those sent again and of sessions that ended among them', () => {
    const costs = new CameraCosts();
    costs.measure(counted({ streams: [received('a', 1000), received('b', 10)], sessions: [sent('a', 500)] }), 0.9);
    const now = counted({
      streams: [received('a', 1100), received('b', 110)],
      sessions: [sent('a', 550, 25), sent('a', 25)],
      ended: [sent('b', 300)],
    });
    expect(costs.measure(now, 0.6)).toEqual([
      { cameraId: 'a', cost: expect.closeTo(0.2) as number },
      { cameraId: 'b', cost: expect.closeTo(0.4) as number },
    ]);
  });

  it('does not change by a session that ends', () => {
    const costs = new CameraCosts();
    costs.measure(counted({ sessions: [sent('a', 500), sent('b', 500)] }), 0.5);
    const now = counted({ sessions: [sent('b', 600)], ended: [sent('a', 600)] });
    expect(costs.measure(now, 0.5).map(({ cost }) => cost)).toEqual([0.25, 0.25]);
  });

  it("is nobody's where nothing came or went; a camera that counts anew costs nothing for once", () => {
    const costs = new CameraCosts();
    const before = counted({ sessions: [sent('a', 1000)] });
    costs.measure(before, 0.5);
    expect(costs.measure(before, 0.5)).toEqual([]);
    expect(costs.measure(counted({ sessions: [sent('a', 100)] }), 0.5)).toEqual([]);
    expect(costs.measure(counted({ sessions: [sent('a', 200)] }), 0.5)).toEqual([{ cameraId: 'a', cost: 0.5 }]);
  });

  it('is told of cameras that are watched alone; one that is pulled for nobody takes its share', () => {
    const costs = new CameraCosts();
    const streams = (packets: number): StreamStats[] => [received('always', packets), received('watched', packets)];
    costs.measure(counted({ streams: streams(1000), ended: [sent('always', 5000)] }), 0.6);
    const now = counted({ streams: streams(1100), sessions: [sent('watched', 100)], ended: [sent('always', 5000)] });
    expect(costs.measure(now, 0.6)).toEqual([{ cameraId: 'watched', cost: expect.closeTo(0.4) as number }]);
  });

  it('is not charged to a camera of which hardly anything came, also where nothing else did', () => {
    const costs = new CameraCosts();
    costs.measure(counted({ sessions: [sent('a', 1000), sent('b', 1000)] }), 0.3);
    expect(costs.measure(counted({ sessions: [sent('a', 1001), sent('b', 1000)] }), 0.3)).toEqual([]);
    const now = counted({ sessions: [sent('a', 1002), sent('b', 1099)] });
    expect(costs.measure(now, 0.3)).toEqual([{ cameraId: 'b', cost: expect.closeTo(0.297) as number }]);
  });
});
