import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { splitAnnexB } from '../../../../src/media/h264/nal.ts';
import { H264Camera, IDR, PPS, SLICES, SPS } from '../../media/h264-camera.ts';
import { DescribedStream, H264_AND_PCMU, MAX_PAYLOAD, sdp, SPROP } from './described-stream.ts';

/* Rows 1 to 7 of docs/camera-quirks.md: what cameras get wrong with H.264. */

const [SLICE = Buffer.alloc(0), NEXT_SLICE = Buffer.alloc(0)] = SLICES;

function video(...attributes: string[]): string {
  return sdp('v=0', 'm=video 0 RTP/AVP 96', 'a=rtpmap:96 H264/90000', ...attributes);
}

describe('quirk 1: fmtp or sprop-parameter-sets missing or empty (gortsplib#88, mediamtx#861, go2rtc#1558)', () => {
  it.each([
    ['no fmtp at all', []],
    ['an fmtp of the payload type alone (Ubiquiti)', ['a=fmtp:96']],
    ['an fmtp without them (HIK Media Server V3.5.43)', ['a=fmtp:96 profile-level-id=4D0014;packetization-mode=0']],
    ['empty ones (Hikvision)', ['a=fmtp:96 profile-level-id=420029; packetization-mode=1; sprop-parameter-sets=']],
    ['an SPS and no PPS (Hikvision)', [`a=fmtp:96 sprop-parameter-sets=${SPS.toString('base64')},`]],
    ['what is neither SPS nor PPS (VStarcam)', ['a=fmtp:96 sprop-parameter-sets=6QDwBE/LCAAAH0gAB1TgIAAAAAA=,AAAAAA==']],
  ])('waits for those in band: %s', (_, attributes) => {
    const viewer = new DescribedStream(video(...attributes));
    const camera = new H264Camera();
    viewer.rtp('video', camera.picture([IDR]));
    expect([viewer.pictures.length, viewer.keyframesWanted]).toEqual([0, 1]);
    viewer.rtp('video', camera.picture([SPS, PPS, IDR]));
    viewer.rtp('video', camera.picture([SLICE]));
    expect(viewer.pictures).toEqual([[SPS, PPS, IDR], [SLICE]]);
  });
});

describe('quirk 2: SPS and PPS in the SDP only (webrtc-streamer#1, mediamtx#5861)', () => {
  const startCode = Buffer.from([0, 0, 0, 1]);
  const base64 = (...parts: Buffer[]): string => Buffer.concat(parts).toString('base64');
  it.each([
    ['as they should be (Axis)', SPROP],
    ['with a start code behind each (GW Security GW4089IP)', `${base64(SPS, startCode)},${base64(PPS, startCode)}`],
    ['with a start code before each', `${base64(startCode, SPS)},${base64(startCode, PPS)}`],
    ['in one part, with a start code between them (mediamtx#231)', base64(SPS, startCode, PPS)],
    ['with a second PPS', `${SPROP},${Buffer.from([0x68, 0x5e, 0xa3, 0xcc]).toString('base64')}`],
  ])('are put before each IDR picture: %s', (_, sprop) => {
    const viewer = new DescribedStream(video(`a=fmtp:96 packetization-mode=1;sprop-parameter-sets=${sprop}`));
    const camera = new H264Camera();
    for (const nals of [[IDR], [SLICE], [IDR]]) viewer.rtp('video', camera.picture(nals));
    const [first = [], second, third = []] = viewer.pictures;
    expect(first.slice(0, 2)).toEqual([SPS, PPS]);
    expect(first.at(-1)).toEqual(IDR);
    expect(second).toEqual([SLICE]);
    expect(third).toEqual(first);
  });
});

describe('quirk 3: SPS and PPS change in the middle of the stream (RTSPtoWebRTC#28)', () => {
  const larger = splitAnnexB(readFileSync(new URL('../../../../src/simulator/clips/main.h264', import.meta.url)));
  const ofType = (type: number): Buffer => larger.find((nal) => (nal[0] ?? 0) % 32 === type) ?? Buffer.alloc(0);
  const [largerSps, largerPps, largerIdr] = [ofType(7), ofType(8), ofType(5)];

  it.each([
    ['with the picture', [[largerSps, largerPps, largerIdr]]],
    ['under a timestamp of their own', [[largerSps, largerPps], [largerIdr]]],
  ])('and the new ones count from then on: %s', (_, change) => {
    expect(largerSps).not.toEqual(SPS);
    const viewer = new DescribedStream(H264_AND_PCMU);
    const camera = new H264Camera();
    for (const nals of [[IDR], [SLICE], ...change, [largerIdr]]) viewer.rtp('video', camera.picture(nals));
    expect(viewer.pictures).toEqual([
      [SPS, PPS, IDR],
      [SLICE],
      [largerSps, largerPps, largerIdr],
      [largerSps, largerPps, largerIdr],
    ]);
  });
});

describe('quirk 4: packetization-mode 0 or none declared, FU-A and STAP-A sent (mediamtx#5887, #5846)', () => {
  it.each(['a=fmtp:96 profile-level-id=4D0014;packetization-mode=0', 'a=fmtp:96 profile-level-id=4D0014', 'a=framerate:25'])(
    'reads what comes: %s',
    (attribute) => {
      const viewer = new DescribedStream(video(attribute));
      const packets = new H264Camera().picture([SPS, PPS, IDR], 500);
      expect(new Set(packets.map((packet) => packet.readUInt8(12) & 0x1f))).toEqual(new Set([24, 28]));
      viewer.rtp('video', packets);
      expect(viewer.pictures).toEqual([[SPS, PPS, IDR]]);
    },
  );
});

describe('quirk 5: FU-A with start and end set, and loss within FU-A (gortsplib#649, #503)', () => {
  it('takes a fragment that is both the first and the last (CostarHD)', () => {
    const viewer = new DescribedStream(H264_AND_PCMU);
    const camera = new H264Camera();
    viewer.rtp('video', camera.picture([IDR]));
    const header = SLICE.readUInt8(0);
    const whole = Buffer.concat([Buffer.from([(header & 0xe0) | 28, 0xc0 | (header & 0x1f)]), SLICE.subarray(1)]);
    viewer.rtp('video', [camera.packet(whole, true)]);
    expect(viewer.pictures.slice(1)).toEqual([[SLICE]]);
  });

  it('takes a fragment whose reserved bit is set (Longse CMSEKL800), and passes over an empty one', () => {
    const viewer = new DescribedStream(H264_AND_PCMU);
    const camera = new H264Camera();
    const packets = camera.picture([IDR], 1000);
    for (const packet of packets) packet[13] = (packet[13] ?? 0) | 0x20;
    const empty = camera.packet(Buffer.from([0x7c, 0x05]), false);
    // In the middle of the others, with the number that would be there.
    const renumbered = [...packets.slice(0, 1), empty, ...packets.slice(1)];
    for (const [index, packet] of renumbered.entries()) packet.writeUInt16BE((60_000 + index) % 65_536, 2);
    empty.writeUInt32BE(packets[0]?.readUInt32BE(4) ?? 0, 4);
    viewer.rtp('video', renumbered);
    expect(viewer.pictures).toEqual([[SPS, PPS, IDR]]);
  });

  it.each([
    ['the first', 0],
    ['one in the middle', 2],
    ['the last', -1],
  ])('hands nothing broken on, and goes on with the next IDR picture, when it has lost %s', (_, which) => {
    const viewer = new DescribedStream(H264_AND_PCMU);
    const camera = new H264Camera();
    viewer.rtp('video', camera.picture([IDR]));
    for (let round = 0; round < 3; round += 1) {
      const packets = camera.picture([IDR]);
      packets.splice(which, 1);
      viewer.rtp('video', packets);
      viewer.rtp('video', camera.picture([SLICE]));
    }
    expect(viewer.pictures).toHaveLength(1);
    viewer.rtp('video', camera.picture([IDR]));
    viewer.rtp('video', camera.picture([SLICE]));
    expect(viewer.pictures.slice(1)).toEqual([[SPS, PPS, IDR], [SLICE]]);
  });

  it('takes a whole IDR picture right behind lost packets of the one before', () => {
    const viewer = new DescribedStream(H264_AND_PCMU);
    const camera = new H264Camera();
    viewer.rtp('video', camera.picture([IDR]));
    const lossy = camera.picture([IDR]);
    viewer.rtp('video', lossy.slice(0, 2));
    viewer.rtp('video', camera.picture([IDR]));
    camera.picture([SLICE]);
    viewer.rtp('video', camera.picture([SPS, PPS, IDR]));
    expect(viewer.pictures).toEqual([
      [SPS, PPS, IDR],
      [SPS, PPS, IDR],
      [SPS, PPS, IDR],
    ]);
    expect(viewer.stream.video?.damaged).toBe(1);
  });

  it('does not take a whole P picture behind a lost one', () => {
    const viewer = new DescribedStream(H264_AND_PCMU);
    const camera = new H264Camera();
    viewer.rtp('video', camera.picture([IDR]));
    camera.picture([SLICE]);
    viewer.rtp('video', camera.picture([NEXT_SLICE]));
    expect([viewer.pictures.length, viewer.keyframesWanted]).toEqual([1, 1]);
    // Nor where the loss was noticed at parameter sets that come apart.
    viewer.rtp('video', camera.picture([IDR]));
    camera.picture([SLICE]);
    viewer.rtp('video', camera.picture([SPS, PPS]));
    viewer.rtp('video', camera.picture([NEXT_SLICE]));
    expect([viewer.pictures.length, viewer.keyframesWanted]).toEqual([2, 2]);
  });
});

describe('quirk 6: a whole NAL unit in one oversize packet (UniFi: mediamtx#797, #5895)', () => {
  it('is cut into packets of a size that passes everywhere', () => {
    const viewer = new DescribedStream(H264_AND_PCMU);
    const large = Buffer.concat([IDR, Buffer.alloc(32_793 - IDR.length, 0x5a)]);
    const packets = new H264Camera().picture([large], 65_000);
    expect(packets).toHaveLength(1);
    viewer.rtp('video', packets);
    expect(viewer.pictures).toEqual([[SPS, PPS, large]]);
    expect(Math.max(...(viewer.frames[0]?.payloads ?? []).map(({ length }) => length))).toBeLessThanOrEqual(MAX_PAYLOAD);
  });
});

describe('quirk 7: B-frames (mediamtx#1491, #3022)', () => {
  /** slice_type 1, and 6, which says it of all slices; nal_ref_idc 0. */
  const B = Buffer.from([0x01, 0xa2, 0x11, 0x22, 0x33]);
  const B_ALL = Buffer.from([0x01, 0x9e, 0x11, 0x22, 0x33]);

  /** One packet a picture, at that many pictures from the start. */
  function play(pictures: [nal: Buffer, place: number][]): DescribedStream {
    const viewer = new DescribedStream(H264_AND_PCMU);
    const camera = new H264Camera(1, 0);
    for (const [nal, place] of [[IDR, 0] as [Buffer, number], ...pictures]) {
      camera.timestamp = place * 3600;
      viewer.rtp('video', camera.picture([nal]));
    }
    return viewer;
  }

  it.each([
    ['of one slice', B],
    ['that says it of all its slices', B_ALL],
  ])('are noticed and told once, and handed on in their own time: a picture %s', (_, nal) => {
    const viewer = play([
      ...([
        [SLICE, 3],
        [nal, 1],
        [nal, 2],
      ] satisfies [Buffer, number][]),
      ...([
        [SLICE, 6],
        [nal, 4],
        [nal, 5],
      ] satisfies [Buffer, number][]),
    ]);
    expect(viewer.reordered).toBe(1);
    expect(viewer.pictures).toHaveLength(7);
    const times = viewer.pictureTimes;
    expect(((times[5] ?? 0) - (times[4] ?? 0)) | 0).toBe(-2 * 3600);
    expect(((times[6] ?? 0) - (times[5] ?? 0)) | 0).toBe(3600);
  });

  it('are none where only the slices are of that type, or only the time steps back', () => {
    expect(
      play([
        [B, 1],
        [B, 2],
        [B, 3],
      ]).reordered,
    ).toBe(0);
    expect(
      play([
        [SLICE, 2],
        [SLICE, 1],
      ]).reordered,
    ).toBe(0);
    // The clock of the camera was set back.
    expect(
      play([
        [B, 40],
        [B, 10],
      ]).reordered,
    ).toBe(0);
  });
});
