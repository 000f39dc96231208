import { describe, expect, it } from 'vitest';
import type { AudioPacket } from '../../../../src/media/stream.ts';
import { SoundHandover } from '../../../../src/peer/egress/sound-handover.ts';

/** Sound that was taken then, milliseconds. */
function packet(takenMs: number): AudioPacket {
  const timeline = { time: () => undefined };
  return { codec: 'PCMU', payload: Buffer.alloc(1), timestamp: takenMs, timeline, clockRate: 1000, marker: false };
}

const takenMs = ({ timestamp }: AudioPacket): number => timestamp;
const times = (packets: readonly AudioPacket[]): number[] => packets.map(takenMs);

/** Behind packets of 60 ms, the last of which begins at 60. */
function begin(former = takenMs as (packet: AudioPacket) => number | undefined): SoundHandover {
  return new SoundHandover({ before: packet(0), last: packet(60) }, former, takenMs);
}

describe('sound that goes over from one stream to another', () => {
  it('does so where the other begins within half a packet of where the one ends', () => {
    expect(times(begin().next(packet(149)))).toEqual([149]);
    expect(times(begin().next(packet(91)))).toEqual([91]);
  });

  it('waits for the former, and leaves out what that has sent when a packet of it was lost', () => {
    const handover = begin();
    for (const at of [155, 175, 195, 215]) expect(handover.next(packet(at))).toEqual([]);
    expect(times(handover.former(packet(180)))).toEqual([215]);
  });

  it('leaves out what was sent, and goes on with the first that was not', () => {
    const handover = begin();
    expect([60, 80].map((at) => times(handover.next(packet(at))))).toEqual([[], []]);
    expect(handover.isBehind).toBe(true);
    expect(times(handover.next(packet(100)))).toEqual([100]);
  });

  it('goes over at once where it is not known when the sound was taken', () => {
    expect(times(begin(() => undefined).next(packet(5000)))).toEqual([5000]);
  });

  it('does not wait for a former that does not come up with it', () => {
    const handover = begin();
    const sent = Array.from({ length: 129 }, (_, at) => handover.next(packet(1000 + 20 * at)));
    expect(sent.slice(0, -1).flat()).toEqual([]);
    expect(sent.at(-1)?.length).toBe(129);
  });
});
