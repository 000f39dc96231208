import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MetadataDepacketizer } from '../../../../src/media/metadata/depacketizer.ts';
import { anyBytes } from '../rtp-bytes.ts';

interface Packet {
  text: string | Buffer;
  timestamp?: number;
  marker?: boolean;
  gap?: boolean;
  restart?: boolean;
}

function depacketize(packets: Packet[], depacketizer = new MetadataDepacketizer()): (string | undefined)[] {
  return packets
    .map(({ text, timestamp = 1, marker = false, gap = false, restart = false }, sequenceNumber) => {
      const payload = Buffer.from(text as string);
      const packet = { payloadType: 107, marker, sequenceNumber, timestamp, ssrc: 1, payload };
      return depacketizer.push({ packet, timestamp, reception: { gap, restart } });
    })
    .map((document) => document?.toString());
}

describe('metadata depacketizer', () => {
  it('puts a document together from its packets; the marker ends it', () => {
    const packets = [
      { text: '<?xml ?><a>' },
      { text: 'x' },
      { text: '</a>', marker: true },
      { text: '<b/>', timestamp: 2, marker: true },
    ];
    expect(depacketize(packets)).toEqual([undefined, undefined, '<?xml ?><a>x</a>', '<b/>']);
  });

  it('keeps documents apart that a camera gives the same timestamp', () => {
    expect(
      depacketize([
        { text: '<a/>', marker: true },
        { text: '<b/>', marker: true },
      ]),
    ).toEqual(['<a/>', '<b/>']);
  });

  it('drops and counts a document with a part missing, and gives the next', () => {
    const depacketizer = new MetadataDepacketizer();
    const packets = [{ text: '<a>' }, { text: '</a>', marker: true, gap: true }, { text: '<b/>', timestamp: 2, marker: true }];
    expect(depacketize(packets, depacketizer)).toEqual([undefined, undefined, '<b/>']);
    expect(depacketizer.dropped).toBe(1);
  });

  it('drops and counts both documents where a gap took the end of one and maybe the beginning of the next', () => {
    const depacketizer = new MetadataDepacketizer();
    const packets = [
      { text: '<a>' },
      { text: '<b/>', timestamp: 2, marker: true, gap: true },
      { text: '<c/>', timestamp: 3, marker: true },
    ];
    expect(depacketize(packets, depacketizer)).toEqual([undefined, undefined, '<c/>']);
    expect(depacketizer.dropped).toBe(2);
  });

  it('counts a document of which nothing was kept when it has no end either', () => {
    const depacketizer = new MetadataDepacketizer();
    depacketize(
      [
        { text: '<a>', gap: true },
        { text: '<b/>', timestamp: 2, marker: true },
      ],
      depacketizer,
    );
    expect(depacketizer.dropped).toBe(1);
  });

  it.each(['</tt:Frame></a>', 'name="x"/></a>', ' <'])(
    'does not give the rest of a document that began before us: %j',
    (rest) => {
      const depacketizer = new MetadataDepacketizer();
      expect(
        depacketize(
          [
            { text: rest, marker: true },
            { text: '<b/>', timestamp: 2, marker: true },
          ],
          depacketizer,
        ),
      ).toEqual([undefined, '<b/>']);
      expect(depacketizer.dropped).toBe(1);
    },
  );

  it('takes a document that begins with white space or a byte order mark', () => {
    expect(depacketize([{ text: '\r\n <a/>', marker: true }])).toEqual(['\r\n <a/>']);
    expect(depacketize([{ text: '\ufeff<a/>', marker: true }])).toEqual(['\ufeff<a/>']);
  });

  it('gives the first document of a source that started anew, and not what came before of another', () => {
    const packets = [{ text: '<a>' }, { text: '<b>', restart: true }, { text: '</b>', marker: true }];
    const depacketizer = new MetadataDepacketizer();
    expect(depacketize(packets, depacketizer)).toEqual([undefined, undefined, '<b></b>']);
    expect(depacketizer.dropped).toBe(1);
  });

  it('drops and counts a document above 1 MiB, and gives the next', () => {
    const depacketizer = new MetadataDepacketizer();
    const part = Buffer.alloc(65_000, '<');
    const parts = Array.from({ length: 17 }, (_, index) => ({ text: part, marker: index === 16 }));
    expect(
      depacketize([...parts, { text: '<b/>', timestamp: 2, marker: true }], depacketizer).filter((document) => document),
    ).toEqual(['<b/>']);
    expect(depacketizer.dropped).toBe(1);
  });

  it('never throws, whatever comes', () => {
    const packet = fc.record({
      text: anyBytes(20),
      timestamp: fc.integer({ min: 0, max: 2 }),
      marker: fc.boolean(),
      gap: fc.boolean(),
      restart: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(packet, { maxLength: 20 }), (packets) => {
        const depacketizer = new MetadataDepacketizer();
        depacketize(packets, depacketizer);
        expect(depacketizer.dropped).toBeLessThanOrEqual(packets.length);
      }),
    );
  });
});
