import { describe, expect, it } from 'vitest';
import { splitAnnexB } from '../../src/media/h264/nal.ts';
import { packetizeH264 } from '../../src/media/h264/packetizer.ts';
import type { VideoFigures } from '../../src/media/measurement/video-measurement.ts';
import { VideoMeasurement } from '../../src/media/measurement/video-measurement.ts';
import { encode, type Encoding, type ProbedStream } from '../support/encode.ts';
import { packetizeH265 } from '../support/h265-packets.ts';
import { rtpBytes } from '../unit/media/rtp-bytes.ts';

/* What is read in the streams of x264 and x265, against what ffprobe reads in them. */

const CLOCK_RATE = 90_000;
const START_MS = Date.UTC(2026, 10, 21);

/** The pictures of a byte stream: a slice whose first bit behind the header is set begins one. */
function picturesOf(nals: readonly Buffer[], codec: Encoding['codec']): Buffer[][] {
  const pictures: Buffer[][] = [];
  let current: Buffer[] = [];
  let hasSlice = false;
  const isH264 = codec === 'libx264';
  for (const nal of nals) {
    const type = isH264 ? nal.readUInt8(0) & 0x1f : nal.readUInt8(0) >> 1;
    const isSlice = isH264 ? type === 1 || type === 5 : type < 32;
    if (hasSlice && (!isSlice || (nal.readUInt8(isH264 ? 1 : 2) & 0x80) !== 0)) {
      pictures.push(current);
      current = [];
      hasSlice = false;
    }
    current.push(nal);
    hasSlice ||= isSlice;
  }
  return [...pictures, current];
}

/** Sends the pictures as a camera would at this rate, in the order of the stream, and measures them. */
async function measure(encoding: Encoding): Promise<{ figures: VideoFigures; probed: ProbedStream; pictures: Buffer[][] }> {
  const { bytes, probed } = await encode(encoding);
  const isH264 = encoding.codec === 'libx264';
  const measurement = new VideoMeasurement({
    kind: 'video',
    encodingName: isH264 ? 'H264' : 'H265',
    payloadType: 96,
    clockRate: CLOCK_RATE,
    fmtp: new Map(),
  });
  const pictures = picturesOf(splitAnnexB(bytes), encoding.codec);
  let sequenceNumber = 65_500;
  // One more, so that the last of them has a picture behind it that it lasts to.
  for (const [index, nals] of [...pictures, pictures[1] ?? []].entries()) {
    const payloads = isH264 ? packetizeH264(nals, 1200) : packetizeH265(nals, 1200);
    const timestamp = (0xffff_f000 + (index * CLOCK_RATE) / encoding.rate) % 2 ** 32;
    for (const [at, payload] of payloads.entries()) {
      const marker = at === payloads.length - 1;
      measurement.receive(rtpBytes({ payload, sequenceNumber, timestamp, marker }), START_MS + (index * 1000) / encoding.rate);
      sequenceNumber = (sequenceNumber + 1) % 65_536;
    }
  }
  return { figures: measurement.figures, probed, pictures };
}

const keyframesOf = ({ frames }: ProbedStream): number => frames.filter(({ key_frame }) => key_frame === 1).length;

const H264: [string, Omit<Encoding, 'codec'>, { reordered: boolean }][] = [
  [
    'constrained baseline',
    { size: '322x242', rate: 15, frames: 40, options: ['-profile:v', 'baseline', '-g', '15'] },
    { reordered: false },
  ],
  [
    'main with B-frames',
    { size: '640x360', rate: 25, frames: 40, options: ['-profile:v', 'main', '-bf', '2', '-g', '20', '-level', '4.1'] },
    { reordered: true },
  ],
  [
    'high without B-frames',
    { size: '320x240', rate: 30, frames: 40, options: ['-profile:v', 'high', '-bf', '0', '-g', '10'] },
    { reordered: false },
  ],
  [
    'interlaced',
    { size: '324x244', rate: 25, frames: 30, options: ['-profile:v', 'high', '-bf', '0', '-flags', '+ildct+ilme', '-g', '12'] },
    { reordered: false },
  ],
  [
    'interlaced with B-frames',
    { size: '324x244', rate: 25, frames: 30, options: ['-bf', '2', '-flags', '+ildct+ilme', '-g', '12'] },
    { reordered: true },
  ],
  [
    '4:2:2 in 10 bits with HRD parameters and several slices',
    {
      size: '320x240',
      rate: 10,
      frames: 20,
      options: [
        '-pix_fmt',
        'yuv422p10le',
        '-x264-params',
        'cqm=jvt:slices=3:nal-hrd=vbr:vbv-maxrate=500:vbv-bufsize=500',
        '-bf',
        '0',
      ],
    },
    { reordered: false },
  ],
  ['4:4:4', { size: '320x240', rate: 10, frames: 12, options: ['-pix_fmt', 'yuv444p', '-bf', '0'] }, { reordered: false }],
];

describe('H.264 of x264', () => {
  it.each(H264)('%s is read as ffprobe reads it', async (_, encoding, { reordered }) => {
    const { figures, probed, pictures } = await measure({ codec: 'libx264', ...encoding });
    expect(pictures).toHaveLength(encoding.frames);
    const { format } = figures;
    expect(format).toMatchObject({ profile: probed.profile, width: probed.width, height: probed.height });
    expect(format?.level).toBe((probed.level / 10).toFixed(1));
    expect(Number.parseInt(format?.profileLevelId?.slice(4) ?? '', 16)).toBe(probed.level);
    expect(format?.interlaced).toBe(probed.field_order !== 'progressive');
    expect(format?.maxReorderFrames).toBe(probed.has_b_frames);
    expect(format?.framesPerSecond).toBe(encoding.rate);
    expect(`yuv${format?.chroma.replaceAll(':', '')}p${format?.bitDepth === 10 ? '10le' : ''}`).toBe(probed.pix_fmt);
    expect(figures.keyframes).toBe(keyframesOf(probed));
    expect(figures.bFrames).toBe(probed.frames.some(({ pict_type }) => pict_type === 'B'));
    expect(figures.reordered).toBe(reordered);
    expect(figures.parameterSets).toEqual({ sdp: false, inBand: true });
    expect(figures).toMatchObject({ frames: encoding.frames + 1, damaged: 0 });
    expect(figures.framesPerSecond).toBeCloseTo(encoding.rate, 5);
  });

  it('has its bitrate and its keyframes measured over whole groups of pictures', async () => {
    const { figures, pictures } = await measure({
      codec: 'libx264',
      size: '640x360',
      rate: 20,
      frames: 50,
      options: ['-bf', '0', '-g', '20', '-sc_threshold', '0', '-bsf:v', 'filter_units=remove_types=6'],
    });
    expect(figures.keyframeInterval).toEqual({ frames: 20, seconds: 1, longestSeconds: 1 });
    expect(figures.secondsSinceKeyframe).toBeCloseTo(0.5, 5);
    const groups = pictures.slice(0, 40).flat();
    // Each NAL unit of a STAP-A and each fragment has a few bytes of its own.
    const bits = groups.reduce((sum, nal) => sum + nal.length, 0) * 8;
    expect((figures.bitrateKbps ?? 0) / (bits / 2000)).toBeGreaterThanOrEqual(1);
    expect((figures.bitrateKbps ?? 0) / (bits / 2000)).toBeLessThan(1.02);
  });

  it('without IDR pictures has intra pictures and no more keyframes', async () => {
    const { figures, probed } = await measure({
      codec: 'libx264',
      size: '320x240',
      rate: 10,
      frames: 40,
      options: ['-bf', '2', '-x264-params', 'keyint=10:min-keyint=1:open-gop=1:scenecut=0'],
    });
    expect(probed.frames.filter(({ pict_type }) => pict_type === 'I').length).toBeGreaterThan(2);
    expect(figures.keyframes).toBe(1);
    expect(figures.intraPictures).toBeGreaterThan(2);
  });
});

const H265: [string, Omit<Encoding, 'codec'>, { reordered: boolean; random: boolean }][] = [
  [
    'without B-frames',
    { size: '328x248', rate: 15, frames: 30, options: ['bframes=0', 'keyint=25', 'log2-max-poc-lsb=4'] },
    { reordered: false, random: false },
  ],
  [
    'with B-frames and open groups',
    { size: '640x360', rate: 25, frames: 30, options: ['bframes=3', 'keyint=10'] },
    { reordered: true, random: true },
  ],
  [
    'in several sub-layers and slices',
    { size: '320x240', rate: 10, frames: 12, options: ['bframes=3', 'slices=2', 'temporal-layers=1'] },
    { reordered: true, random: false },
  ],
];

describe('H.265 of x265', () => {
  it.each(H265)('%s is read as ffprobe reads it', async (_, encoding, { reordered, random }) => {
    const { figures, probed, pictures } = await measure({ codec: 'libx265', ...encoding });
    expect(pictures).toHaveLength(encoding.frames);
    const { format } = figures;
    expect(format).toMatchObject({ profile: probed.profile, width: probed.width, height: probed.height, profileLevelId: null });
    expect(format?.level).toBe((probed.level / 30).toFixed(1));
    expect(format?.interlaced).toBe(false);
    expect(format?.maxReorderFrames).toBe(probed.has_b_frames);
    expect(`yuv${format?.chroma.replaceAll(':', '')}p`).toBe(probed.pix_fmt);
    // ffprobe calls a CRA picture a key frame too.
    expect(figures.keyframes).toBeGreaterThanOrEqual(random ? 3 : 1);
    expect(figures.keyframes).toBe(keyframesOf(probed));
    expect(figures.bFrames).toBe(probed.frames.some(({ pict_type }) => pict_type === 'B'));
    expect(figures.reordered).toBe(reordered);
    expect(figures).toMatchObject({ frames: encoding.frames + 1, damaged: 0 });
    expect(figures.packetization.kinds).toEqual(expect.arrayContaining(['AP', 'FU']));
  });
});
