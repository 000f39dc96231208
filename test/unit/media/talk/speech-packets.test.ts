import { describe, expect, it } from 'vitest';
import type { SpeechFormat } from '../../../../src/media/talk/speech-format.ts';
import { speechPackets } from '../../../../src/media/talk/speech-packets.ts';

const PCMU: SpeechFormat = { codec: 'PCMU', payloadType: 0, clockRate: 8000, channels: 1, bitsPerSample: 8 };
const G726: SpeechFormat = { ...PCMU, codec: 'G726', bitsPerSample: 4 };
const AAC: SpeechFormat = { ...PCMU, codec: 'AAC', clockRate: 16_000, bitsPerSample: 0 };

/** ISO/IEC 13818-7 section 6.2: sync word, no CRC, AAC-LC, length with the header. */
function adts(unit: Buffer): Buffer {
  const length = unit.length + 7;
  const header = Buffer.from([0xff, 0xf1, 0x60, 0x40, 0, 0x1f, 0xfc]);
  header.writeUInt8(0x40 | (length >> 11), 3);
  header.writeUInt8((length >> 3) & 0xff, 4);
  header.writeUInt8(((length & 7) << 5) | 0x1f, 5);
  return Buffer.concat([header, unit]);
}

describe('speech for a camera', () => {
  it.each([
    ['20 ms where the camera says nothing', PCMU, undefined, 160, 160],
    ['40 ms where it says so', PCMU, 40, 320, 320],
    ['no less than 10 ms', PCMU, 1, 80, 80],
    ['no more than 120 ms', PCMU, 5000, 960, 960],
    ['half as many bytes of G.726 at 32 kbit/s', G726, 20, 80, 160],
  ] as const)('is cut into packets of %s', (_, format, packetMs, bytes, samples) => {
    const packets = speechPackets(format, packetMs);
    const cut = [33, 400, 1, 2000].flatMap((length) => packets.push(Buffer.alloc(length, 0x10)));
    expect(cut).toHaveLength(Math.floor(2434 / bytes));
    expect(cut.every((each) => each.payload.length === bytes && each.samples === samples && !each.isSilent)).toBe(true);
    expect(cut.every(({ durationMs }) => durationMs === samples / 8)).toBe(true);
  });

  it('keeps every byte in its order', () => {
    const packets = speechPackets(PCMU, 20);
    const spoken = Buffer.from(Array.from({ length: 700 }, (_, at) => at & 0xff));
    const cut = [spoken.subarray(0, 50), spoken.subarray(50, 399), spoken.subarray(399)].flatMap((part) => packets.push(part));
    const rest = packets.flush();
    expect(Buffer.concat([...cut, ...(rest === undefined ? [] : [rest])].map(({ payload }) => payload)).subarray(0, 700)).toEqual(
      spoken,
    );
    // The rest is filled up with silence.
    expect([...new Set(rest?.payload.subarray(60))]).toEqual([0xff]);
    expect(packets.flush()).toBeUndefined();
  });

  it('that is silence is known as such', () => {
    expect(speechPackets(PCMU, 20).push(Buffer.alloc(160, 0xff))).toMatchObject([{ isSilent: true }]);
  });

  it('as AAC is one access unit a packet behind the header of RFC 3640, in whatever pieces it comes', () => {
    const units = [Buffer.alloc(300, 1), Buffer.alloc(20, 0xff), Buffer.alloc(700, 3)];
    const stream = Buffer.concat([Buffer.from('garbage'), ...units.map(adts)]);
    const packets = speechPackets(AAC, 20);
    const cut = Array.from({ length: Math.ceil(stream.length / 100) }, (_, at) =>
      stream.subarray(at * 100, at * 100 + 100),
    ).flatMap((part) => packets.push(part));
    expect(cut.map(({ payload }) => payload.subarray(4))).toEqual(units);
    // 16 bits of headers: 13 of size, 3 of index.
    expect(cut.map(({ payload }) => [payload.readUInt16BE(0), payload.readUInt16BE(2)])).toEqual([
      [16, 300 * 8],
      [16, 20 * 8],
      [16, 700 * 8],
    ]);
    expect(cut[0]).toMatchObject({ samples: 1024, durationMs: 64 });
  });
});
