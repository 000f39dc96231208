import { describe, expect, it } from 'vitest';
import { H264Depacketizer } from '../../../src/media/h264/depacketizer.ts';
import { LatmDepacketizer } from '../../../src/media/aac/latm-depacketizer.ts';
import { Mpeg4GenericDepacketizer } from '../../../src/media/aac/mpeg4-generic-depacketizer.ts';
import { keptPart } from '../../../src/media/kept-part.ts';
import { MetadataDepacketizer } from '../../../src/media/metadata/depacketizer.ts';
import { PictureParts } from '../../../src/media/picture-parts.ts';
import type { RtpPacket } from '../../../src/media/rtp/packet.ts';
import { placed, soundTrack } from './aac/placed-packets.ts';
import { hex } from './rtp-bytes.ts';

/** What one read from a socket gives at most. */
const CHUNK_BYTES = 64 * 1024;

function inChunk(part: Buffer): Buffer {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  part.copy(chunk, 500);
  return chunk.subarray(500, 500 + part.length);
}

const packet = (payload: Buffer, marker: boolean): RtpPacket => {
  return { payloadType: 96, marker, sequenceNumber: 0, timestamp: 1, ssrc: 1, payload };
};

/** What the takers make of the two halves of something, the last one marked. */
const TAKERS: [string, [Buffer, Buffer], (halves: (marker: boolean) => Buffer) => unknown, unknown][] = [
  [
    'fragments of H.264',
    [hex('7c 85 88'), hex('7c 45 99')],
    (half) => {
      const depacketizer = new H264Depacketizer();
      return [false, true].flatMap((marker) => depacketizer.push(packet(half(marker), marker), false))[0]?.nals;
    },
    [hex('65 88 99')],
  ],
  [
    'NAL units of H.264',
    [hex('67 42'), hex('65 88')],
    (half) => {
      const depacketizer = new H264Depacketizer();
      return [false, true].flatMap((marker) => depacketizer.push(packet(half(marker), marker), false))[0]?.nals;
    },
    [hex('67 42'), hex('65 88')],
  ],
  [
    'parts of pictures',
    [hex('0102'), hex('0304')],
    (half) => {
      const parts = new PictureParts();
      for (const marker of [false, true]) {
        parts.begin(packet(Buffer.alloc(0), marker), false, true);
        parts.add(half(marker));
      }
      return parts.end(packet(Buffer.alloc(0), true))?.parts;
    },
    [hex('0102'), hex('0304')],
  ],
  [
    'parts of metadata',
    [Buffer.from('<a>'), Buffer.from('</a>')],
    (half) => {
      const depacketizer = new MetadataDepacketizer('xml');
      return [false, true].flatMap((marker) => depacketizer.push(placed(half(marker), { marker })));
    },
    [Buffer.from('<a></a>')],
  ],
  [
    'parts of LATM elements',
    [hex('02 aa'), hex('bb')],
    (half) => {
      const depacketizer = new LatmDepacketizer(soundTrack('MP4A-LATM', 16_000, { cpresent: '0' }));
      return [false, true].flatMap((marker) => depacketizer.push(placed(half(marker), { marker }))).map(({ payload }) => payload);
    },
    [hex('aabb')],
  ],
  [
    'parts of AAC access units',
    [hex('0010 0010 aa'), hex('0010 0010 bb')],
    (half) => {
      const depacketizer = new Mpeg4GenericDepacketizer(soundTrack('MPEG4-GENERIC', 16_000));
      return [false, true].flatMap((marker) => depacketizer.push(placed(half(marker), { marker }))).map(({ payload }) => payload);
    },
    [hex('aabb')],
  ],
];

describe('a part that is kept', () => {
  it('keeps no chunk alive that is far larger', () => {
    const part = inChunk(Buffer.alloc(1000, 7));
    const kept = keptPart(part);
    expect(kept).toEqual(part);
    expect(kept.buffer.byteLength).toBe(1000);
  });

  it('is not copied where it is a packet of a picture', () => {
    const part = inChunk(Buffer.alloc(1400));
    expect(keptPart(part)).toBe(part);
  });

  it.each(TAKERS)('is a copy of small %s', (_, [first, last], take, expected) => {
    const part = inChunk(first);
    const taken = take((marker) => {
      if (!marker) return part;
      // What is no copy would show it.
      part.fill(0xee);
      return inChunk(last);
    });
    expect(taken).toEqual(expected);
  });

  it('is one of no more fragments than a picture has, however small they are', () => {
    const depacketizer = new H264Depacketizer();
    depacketizer.push(packet(hex('7c 85 88'), false), false);
    for (let at = 0; at < 8200; at += 1) depacketizer.push(packet(hex('7c 05 99'), false), false);
    expect(depacketizer.push(packet(hex('7c 45 99'), true), false)).toMatchObject([{ damaged: true, nals: [] }]);
    expect(depacketizer.malformed).toBe(1);
  });
});
