import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { H264Depacketizer, type DepacketizedAccessUnit } from '../../../../src/media/h264/depacketizer.ts';
import { anyBytes, hex } from '../rtp-bytes.ts';

const SPS = hex('67 42 c0 1f da 01');
const PPS = hex('68 ce 3c 80');
/** First slices start with a one bit behind the header (first_mb_in_slice 0), later ones with a zero bit. */
const IDR = hex('65 88 84 00 21');
const IDR_REST = hex('65 28 84 77 01');
const SLICE = hex('41 9a 02 03 04');
const SLICE_REST = hex('41 3a 05 06');

interface Packet {
  payload: Buffer;
  timestamp?: number;
  marker?: boolean;
  gap?: boolean;
}

/** All access units that the packets complete, in order. */
function depacketize(packets: Packet[], depacketizer = new H264Depacketizer()): DepacketizedAccessUnit[] {
  return packets.flatMap(({ payload, timestamp = 100, marker = false, gap = false }, sequenceNumber) =>
    depacketizer.push({ payloadType: 96, marker, sequenceNumber, timestamp, ssrc: 1, payload }, gap),
  );
}

function stap(...nals: Buffer[]): Buffer {
  return Buffer.concat([Buffer.from([0x78]), ...nals.flatMap((nal) => [Buffer.from([nal.length >> 8, nal.length & 0xff]), nal])]);
}

/** One FU-A fragment of `nal` (RFC 6184 section 5.8): bytes `from` to `to` behind its header. */
function fragment(nal: Buffer, flags: 'start' | 'end' | 'middle' | 'both', from: number, to?: number): Buffer {
  const bits = { start: 0x80, end: 0x40, middle: 0, both: 0xc0 }[flags];
  const header = nal.readUInt8(0);
  return Buffer.concat([Buffer.from([(header & 0xe0) | 28, bits | (header & 0x1f)]), nal.subarray(1 + from, to && 1 + to)]);
}

const unit = (nals: Buffer[], timestamp = 100): DepacketizedAccessUnit => ({
  nals,
  timestamp,
  damaged: false,
  lostBefore: false,
});
const damaged = (nals: Buffer[], timestamp = 100): DepacketizedAccessUnit => ({ ...unit(nals, timestamp), damaged: true });

describe('H.264 depacketizer: payload structures', () => {
  it('reads single NAL units, STAP-A and FU-A, whatever the SDP declares', () => {
    const packets = [
      { payload: stap(SPS, PPS) },
      { payload: fragment(IDR, 'start', 0, 2) },
      { payload: fragment(IDR, 'middle', 2, 3) },
      { payload: fragment(IDR, 'end', 3) },
      { payload: IDR_REST, marker: true },
    ];
    expect(depacketize(packets)).toEqual([unit([SPS, PPS, IDR, IDR_REST])]);
  });

  it('reads STAP-B and FU-B of the interleaved mode, where their decoding order numbers ascend', () => {
    const packets = [
      { payload: hex('79 fffe 0006 6742c01fda01 0005 68ce3c80ff') },
      { payload: hex('7d 85 ffff 8884') },
      { payload: hex('7c 45 0021'), marker: true },
      { payload: hex('79 0000 0005 419a020304'), timestamp: 200, marker: true },
    ];
    const depacketizer = new H264Depacketizer();
    expect(depacketize(packets, depacketizer)).toEqual([unit([SPS, hex('68 ce3c80ff'), IDR]), unit([SLICE], 200)]);
    expect(depacketizer.malformed).toBe(0);
  });

  it('counts what comes before another that is decoded first', () => {
    const packets = [
      { payload: hex('79 0005 0005 6588840021'), marker: true },
      { payload: hex('79 0004 0005 419a020304'), timestamp: 200, marker: true },
      { payload: hex('79 0005 0005 419a020304'), timestamp: 300, marker: true },
    ];
    const depacketizer = new H264Depacketizer();
    expect(depacketize(packets, depacketizer).map((each) => each.damaged)).toEqual([false, true, false]);
    expect(depacketizer.malformed).toBe(1);
  });

  it.each([
    ['MTAP16', '7a 0007 0005 00 0000 6588840021 0005 01 0e10 419a020304 0004 01 0e10 413a0506'],
    ['MTAP24', '7b 0007 0005 00 000000 6588840021 0005 01 000e10 419a020304 0004 01 000e10 413a0506'],
  ])('reads the pictures of several times that an %s holds', (_, digits) => {
    const packets = [{ payload: hex(digits), timestamp: 0xffff_f000, marker: true }];
    expect(depacketize([...packets, { payload: SLICE, timestamp: 7200 }])).toEqual([
      unit([IDR], 0xffff_f000),
      unit([SLICE, SLICE_REST], 0xffff_fe10),
    ]);
  });

  it('takes a NAL unit that is one fragment with start and end set', () => {
    expect(depacketize([{ payload: fragment(IDR, 'both', 0), marker: true }])).toEqual([unit([IDR])]);
  });

  it('restores the reference bits of a fragmented NAL unit from the FU indicator', () => {
    for (const header of [0x01, 0x21, 0x41, 0x61]) {
      const nal = Buffer.concat([Buffer.from([header]), SLICE.subarray(1)]);
      const packets = [{ payload: fragment(nal, 'start', 0, 1) }, { payload: fragment(nal, 'end', 1), marker: true }];
      expect(depacketize(packets)).toEqual([unit([nal])]);
    }
  });

  it('takes a whole NAL unit in one oversize packet', () => {
    const large = Buffer.concat([IDR, Buffer.alloc(60_000, 0x55)]);
    expect(depacketize([{ payload: large, marker: true }])).toEqual([unit([large])]);
  });

  it('passes over empty packets and empty fragments and aggregates', () => {
    const packets = [
      { payload: Buffer.alloc(0) },
      { payload: fragment(IDR, 'start', 0, 2) },
      { payload: fragment(IDR, 'middle', 4) },
      { payload: fragment(IDR, 'end', 2) },
      { payload: hex('78 0000'), marker: true },
    ];
    const depacketizer = new H264Depacketizer();
    expect(depacketize(packets, depacketizer)).toEqual([unit([IDR])]);
    expect(depacketizer.malformed).toBe(0);
  });

  it.each([
    ['a STAP-A that says more than it holds', hex('78 0005 67424242')],
    ['a STAP-A within a STAP-A', stap(stap(SPS))],
    ['an FU-A without its second byte', hex('7c')],
    ['an FU-A of an FU-A', hex('7c dc 010203')],
    ['a STAP-B without its decoding order number', hex('79 00')],
    ['an FU-B without its decoding order number', hex('7d 85 00')],
    ['an MTAP that says more than it holds', hex('7a 0000 0005 00 0000 6742')],
    ['a type that is none', hex('7e 010203')],
    ['type 0', hex('60 0102')],
  ])('counts %s and calls the access unit damaged', (_, payload) => {
    const depacketizer = new H264Depacketizer();
    expect(depacketize([{ payload: IDR }, { payload, marker: true }], depacketizer)).toEqual([damaged([IDR])]);
    expect(depacketizer.malformed).toBe(1);
  });
});

describe('H.264 depacketizer: where access units end', () => {
  it('ends one at the marker at once', () => {
    expect(depacketize([{ payload: IDR }, { payload: IDR_REST, marker: true }])).toEqual([unit([IDR, IDR_REST])]);
  });

  it('ends one at the change of timestamp when the camera sets no marker at all', () => {
    const packets = [
      { payload: stap(SPS, PPS), timestamp: 1 },
      { payload: IDR, timestamp: 1 },
      { payload: SLICE, timestamp: 2 },
      { payload: SLICE_REST, timestamp: 2 },
      { payload: SLICE, timestamp: 3 },
    ];
    expect(depacketize(packets)).toEqual([unit([SPS, PPS, IDR], 1), unit([SLICE, SLICE_REST], 2)]);
  });

  it('gives two at once when a packet shows the end of the one before and ends its own', () => {
    const packets = [
      { payload: IDR, timestamp: 1 },
      { payload: SLICE, timestamp: 2, marker: true },
    ];
    expect(depacketize(packets)).toEqual([unit([IDR], 1), unit([SLICE], 2)]);
  });

  it('does not end a picture at a marker behind parameter sets', () => {
    const packets = [SPS, PPS, IDR].map((payload) => ({ payload, marker: true }));
    expect(depacketize(packets)).toEqual([unit([SPS, PPS, IDR])]);
  });

  it('learns from the first picture that a camera sets the marker on each slice, and tells the next apart by their timestamps', () => {
    const slices = [IDR, IDR_REST, IDR_REST].map((payload) => ({ payload, marker: true, timestamp: 1 }));
    const next = [fragment(IDR, 'both', 0), IDR_REST].map((payload) => ({ payload, marker: true, timestamp: 2 }));
    const last = [stap(SLICE, SLICE_REST)].map((payload) => ({ payload, marker: true, timestamp: 3 }));
    expect(depacketize([...slices, ...next, ...last])).toEqual([
      unit([IDR], 1),
      damaged([IDR_REST, IDR_REST], 1),
      unit([IDR, IDR_REST], 2),
    ]);
  });

  it.each([
    ['as it is', IDR_REST],
    ['in an aggregate', stap(IDR_REST)],
    ['in a fragment', fragment(IDR_REST, 'start', 0, 2)],
  ])('knows a slice that is not the first of its picture %s', (_, payload) => {
    const packets = [{ payload: IDR, marker: true }, { payload }, { payload: SLICE, timestamp: 200 }];
    expect(depacketize(packets).map(({ damaged }) => damaged)).toEqual([false, true]);
  });

  it('keeps two pictures apart that a camera gives the same timestamp', () => {
    const packets = [IDR, SLICE, SLICE].map((payload) => ({ payload, marker: true }));
    expect(depacketize(packets)).toEqual([unit([IDR]), unit([SLICE]), unit([SLICE])]);
  });
});

describe('H.264 depacketizer: loss', () => {
  it('calls an access unit damaged whose fragments are not whole, and recovers with the next', () => {
    const packets = [
      { payload: fragment(IDR, 'start', 0, 2), timestamp: 1 },
      { payload: fragment(IDR, 'end', 3), timestamp: 1, marker: true, gap: true },
      { payload: SLICE, timestamp: 2, marker: true },
    ];
    expect(depacketize(packets)).toEqual([damaged([], 1), unit([SLICE], 2)]);
  });

  it('counts the rest of a lost start once, not per fragment', () => {
    const depacketizer = new H264Depacketizer();
    const rest = [fragment(IDR, 'middle', 0, 1), fragment(IDR, 'middle', 1, 2), fragment(IDR, 'end', 2)];
    const packets = rest.map((payload, index) => ({ payload, marker: index === 2 }));
    expect(depacketize(packets, depacketizer)).toEqual([damaged([])]);
    expect(depacketizer.malformed).toBe(1);
  });

  it.each([
    ['a new start', fragment(IDR_REST, 'start', 0)],
    ['another NAL unit', SLICE],
    ['the end of the picture', Buffer.alloc(0)],
  ])('calls it damaged when %s comes before the end of a fragmented NAL unit', (_, payload) => {
    const packets = [{ payload: fragment(IDR, 'start', 0, 2) }, { payload, marker: true }, { payload: SLICE, timestamp: 200 }];
    expect(depacketize(packets)[0]?.damaged).toBe(true);
  });

  it('does not join the fragments of before and behind another NAL unit', () => {
    const packets = [
      { payload: fragment(IDR, 'start', 0, 2) },
      { payload: SLICE },
      { payload: fragment(IDR, 'end', 2), marker: true },
    ];
    expect(depacketize(packets)).toEqual([damaged([SLICE])]);
  });

  it('calls the pictures on both sides of a gap damaged when it may have taken from either', () => {
    const packets = [
      { payload: SLICE, timestamp: 1 },
      { payload: SLICE_REST, timestamp: 2, marker: true, gap: true },
      { payload: SLICE, timestamp: 3, marker: true },
    ];
    expect(depacketize(packets).map((each) => [each.damaged, each.lostBefore])).toEqual([
      [true, false],
      [true, false],
      [false, false],
    ]);
  });

  it.each([
    ['its delimiter', hex('09 f0')],
    ['SEI', hex('06 05 01 aa 80')],
    ['its SPS', SPS],
    ['an aggregate of parameter sets', stap(SPS, PPS)],
    ['its first slice', IDR],
    ['the first fragment of its first slice', fragment(IDR, 'start', 0, 2)],
  ])('knows that a picture is whole behind a gap when it begins with %s', (_, payload) => {
    const end = payload.readUInt8(0) === 0x7c ? fragment(IDR, 'end', 2) : IDR_REST;
    const packets = [
      { payload: SLICE, timestamp: 1 },
      { payload, timestamp: 2, gap: true },
      { payload: IDR, timestamp: 2 },
      { payload: end, timestamp: 2, marker: true },
    ].filter((packet) => !(payload.readUInt8(0) === 0x7c && packet.payload === IDR));
    expect(depacketize(packets).map((each) => [each.damaged, each.lostBefore])).toEqual([
      [true, false],
      [false, true],
    ]);
  });

  it.each([
    ['a later slice', IDR_REST],
    ['the middle of a slice', fragment(IDR, 'middle', 2)],
    ['nothing', Buffer.alloc(0)],
  ])('does not take a picture for whole that begins with %s behind a gap', (_, payload) => {
    const packets = [
      { payload, timestamp: 2, gap: true },
      { payload: IDR_REST, timestamp: 2, marker: true },
    ];
    expect(depacketize(packets).map((each) => each.damaged)).toContain(true);
  });

  it('calls a picture damaged that has lost a packet of its middle, whatever stands behind the gap', () => {
    const packets = [
      { payload: SPS, timestamp: 2 },
      { payload: IDR, timestamp: 2, marker: true, gap: true },
    ];
    expect(depacketize(packets)).toEqual([damaged([SPS, IDR], 2)]);
  });
});

describe('H.264 depacketizer: bounds', () => {
  it('keeps no more than its limits, however long a camera goes on without an end, and recovers', () => {
    const depacketizer = new H264Depacketizer({ maxBytes: 1000, maxNals: 10 });
    const many = Array.from({ length: 50 }, () => ({ payload: SLICE }));
    const [manyNals, after] = depacketize([...many, { payload: IDR, timestamp: 200, marker: true }], depacketizer);
    expect(manyNals?.damaged).toBe(true);
    expect(manyNals?.nals.length).toBeLessThanOrEqual(10);
    expect(after).toEqual(unit([IDR], 200));
  });

  it('keeps no more NAL units than its limit that are one fragment each', () => {
    const depacketizer = new H264Depacketizer({ maxBytes: 1000, maxNals: 10 });
    const packets = Array.from({ length: 12 }, (_, index) => ({ payload: fragment(IDR, 'both', 0), marker: index === 11 }));
    // A marker within a picture is seen with the next timestamp at the latest.
    const [first] = depacketize([...packets, { payload: SLICE, timestamp: 200 }], depacketizer);
    expect([first?.nals.length, first?.damaged, depacketizer.malformed]).toEqual([10, true, 2]);
  });

  it('keeps no more than its limit of a NAL unit whose fragments never end', () => {
    const depacketizer = new H264Depacketizer({ maxBytes: 1000, maxNals: 10 });
    const large = Buffer.concat([IDR, Buffer.alloc(300)]);
    const endless = [fragment(large, 'start', 0), ...Array.from({ length: 20 }, () => fragment(large, 'middle', 0))];
    const packets = [...endless.map((payload) => ({ payload, timestamp: 300 })), { payload: SLICE, timestamp: 400 }];
    expect(depacketize(packets, depacketizer)).toEqual([damaged([], 300)]);
    expect(depacketizer.malformed).toBe(1);
  });

  it('counts megabytes of start codes in one NAL unit as malformed, and recovers', () => {
    const depacketizer = new H264Depacketizer();
    const sei = Buffer.concat([hex('06'), Buffer.alloc(60_000, hex('00000146'))]);
    const middle = Array.from({ length: 58 }, () => fragment(sei, 'middle', 0));
    const packets = [fragment(sei, 'start', 0), ...middle, fragment(sei, 'end', 0)].map((payload) => ({ payload, timestamp: 1 }));
    expect(depacketize([...packets, { payload: IDR, timestamp: 2, marker: true }], depacketizer)).toEqual([
      damaged([], 1),
      unit([IDR], 2),
    ]);
    expect(depacketizer.malformed).toBe(1);
  });

  it('never throws and never gives more than it took, whatever the bytes', () => {
    const payload = fc
      .tuple(fc.constantFrom(0x65, 0x41, 0x67, 0x78, 0x7c, 0x5c, 0x00, 0x79, 0xff), fc.uint8Array({ maxLength: 12 }))
      .map(([header, rest]) => Buffer.from([header, ...rest]));
    const packets = fc.array(
      fc.record({
        payload: fc.oneof(payload, anyBytes(6)),
        timestamp: fc.integer({ min: 0, max: 3 }),
        marker: fc.boolean(),
        gap: fc.boolean(),
      }),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(packets, (list) => {
        const taken = list.reduce((sum, packet) => sum + packet.payload.length, 0);
        const nals = depacketize(list).flatMap((accessUnit) => accessUnit.nals);
        expect(nals.reduce((sum, nal) => sum + nal.length, 0)).toBeLessThanOrEqual(taken);
        for (const nal of nals) expect((nal[0] ?? 0) & 0x1f).toSatisfy((type: number) => type >= 1 && type <= 23);
      }),
      { numRuns: 1000 },
    );
  });
});
