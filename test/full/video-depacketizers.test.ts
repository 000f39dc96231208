import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { parseSessionDescription } from '../../src/camera/rtsp/sdp.ts';
import { encodeRtpPacket } from '../../src/media/rtp/packet.ts';
import { VideoTrack, type CameraFrame } from '../../src/media/video-track.ts';
import { decodePictures } from '../support/decoded-pictures.ts';
import { splitPackets } from '../fuzz/packets.ts';
import { nalsOf } from '../unit/media/h264-camera.ts';
import { h265NalsOf } from '../unit/media/h265-camera.ts';
import { sendRtp, type SentTrack } from '../support/ffmpeg-rtp.ts';

/* Pictures of real encoders, in ffmpeg's packets, are decoded as the encoder made them, whatever is done to their packets on the way. */

const run = promisify(execFile);
const MAX_PAYLOAD = 1150;
const FRAMES = 40;
/** Pictures from a keyframe to the next. */
const GROUP = 10;
const folder = mkdtempSync(join(tmpdir(), 'pictures-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Source {
  codec: CameraFrame['codec'];
  /** As ffmpeg names the byte stream. */
  format: string;
  encoder: string[];
  reordered?: boolean;
  interlaced?: boolean;
}

const X264 = ['-c:v', 'libx264', '-preset', 'veryfast', '-threads', '1', '-pix_fmt', 'yuv420p', '-g', '10'];
const X265 = (options: string): string[] => [
  ...[
    '-c:v',
    'libx265',
    '-preset',
    'veryfast',
    '-pix_fmt',
    'yuv420p',
    '-x265-params',
    `log-level=none:pools=1:keyint=10:${options}`,
  ],
];

const SOURCES: [string, Source][] = [
  ['H.264', { codec: 'H264', format: 'h264', encoder: [...X264, '-bf', '0'] }],
  ['H.264 with B-frames', { codec: 'H264', format: 'h264', encoder: [...X264, '-bf', '2'], reordered: true }],
  [
    'interlaced H.264 in slices',
    { codec: 'H264', format: 'h264', encoder: [...X264, '-bf', '0', '-flags', '+ildct+ilme', '-slices', '3'], interlaced: true },
  ],
  ['H.265', { codec: 'H265', format: 'hevc', encoder: X265('bframes=0:slices=2') }],
  ['H.265 with B-frames', { codec: 'H265', format: 'hevc', encoder: X265('bframes=3:open-gop=0'), reordered: true }],
  [
    'H.265 with open groups of pictures',
    { codec: 'H265', format: 'hevc', encoder: X265('bframes=3:open-gop=1'), reordered: true },
  ],
  ['Motion JPEG', { codec: 'JPEG', format: 'mjpeg', encoder: ['-c:v', 'mjpeg', '-huffman', 'default', '-pix_fmt', 'yuvj420p'] }],
  ['MPEG-4', { codec: 'MPEG4', format: 'm4v', encoder: ['-c:v', 'mpeg4', '-g', '10', '-q:v', '4'] }],
  [
    'MPEG-4 with B-frames',
    { codec: 'MPEG4', format: 'm4v', encoder: ['-c:v', 'mpeg4', '-g', '10', '-bf', '2'], reordered: true },
  ],
];

/** What the encoder made, as ffmpeg sends it, and in a file. */
async function send({ format, encoder }: Source): Promise<{ sent: SentTrack; file: Buffer }> {
  const file = join(folder, `stream.${format}`);
  const input = ['-readrate', '8', '-f', 'lavfi', '-i', 'testsrc2=size=320x240:rate=20', '-frames:v', String(FRAMES)];
  const sent = await sendRtp([...input, ...encoder], ['-frames:v', String(FRAMES), ...encoder, '-f', format, '-y', file]);
  return { sent, file: readFileSync(file) };
}

/** What a track makes of the packets, and what it told. */
function track(
  { track: description }: SentTrack,
  packets: readonly Buffer[],
): { track: VideoTrack; frames: CameraFrame[]; told: string[] } {
  const frames: CameraFrame[] = [];
  const told: string[] = [];
  const subject = new VideoTrack(description, 0, MAX_PAYLOAD, {
    frame: (frame) => frames.push(frame),
    keyframeWanted: () => told.push('keyframe wanted'),
    reordered: () => told.push('reordered'),
    interlaced: () => told.push('interlaced'),
  });
  for (const [index, packet] of packets.entries()) subject.receive(packet, 1000 + index);
  return { track: subject, frames, told };
}

function isSent(codec: CameraFrame['codec']): boolean {
  return codec === 'H264' || codec === 'H265';
}

function bytesOf(frames: readonly CameraFrame[]): Buffer {
  const startCode = Buffer.from([0, 0, 0, 1]);
  return Buffer.concat(
    frames.flatMap(({ codec, payloads }) => {
      if (!isSent(codec)) return payloads;
      return (codec === 'H264' ? nalsOf(payloads) : h265NalsOf(payloads)).flatMap((nal) => [startCode, nal]);
    }),
  );
}

describe.each(SOURCES)('%s', (_, source) => {
  const { codec, format, reordered = false, interlaced = false } = source;
  let sent: SentTrack;
  let file: Buffer;

  it('is decoded as the encoder made it, every picture', async () => {
    ({ sent, file } = await send(source));
    const { track: subject, frames, told } = track(sent, sent.packets);
    expect([subject.codec, subject.malformed, subject.damaged, frames.length]).toEqual([codec, 0, 0, FRAMES]);
    expect(told.toSorted()).toEqual([...(interlaced ? ['interlaced'] : []), ...(reordered ? ['reordered'] : [])]);
    const [made, original] = await Promise.all([decodePictures(format, bytesOf(frames)), decodePictures(format, file)]);
    expect(original.pictures).toHaveLength(FRAMES);
    expect(made.pictures).toEqual(original.pictures);
    expect(frames.filter(({ keyframe }) => keyframe).length).toBeGreaterThanOrEqual(
      codec === 'JPEG' ? FRAMES : FRAMES / GROUP - 1,
    );
    // Of a codec that no viewer is sent there is one payload, as long as the picture.
    const largest = Math.max(...frames.flatMap(({ payloads }) => payloads.map(({ length }) => length)));
    expect(largest).toBeLessThanOrEqual(isSent(codec) ? MAX_PAYLOAD : 1e6);
  });

  it('without some of its packets has whole pictures, which a decoder takes without complaint', async () => {
    const kept = sent.packets.filter((_packet, index) => index < 20 || index % 11 !== 0);
    const { track: subject, frames, told } = track(sent, kept);
    expect(subject.damaged).toBeGreaterThan(0);
    expect(told).toContain('keyframe wanted');
    const { pictures, problems } = await decodePictures(format, bytesOf(frames));
    expect(pictures.length).toBe(frames.length);
    expect(problems).toBe('');
  });
});

describe('what is sent to viewers', () => {
  it.each(SOURCES.filter(([, { codec }]) => isSent(codec)))(
    'is the same out of the packets that are made of it: %s',
    async (_, source) => {
      const { sent } = await send(source);
      const { frames } = track(sent, sent.packets);
      expect(frames).toHaveLength(FRAMES);
      let sequenceNumber = 0;
      const again = frames.flatMap(({ payloads, timestamp }) =>
        payloads.map((payload, index) => {
          const { payloadType } = sent.track;
          sequenceNumber += 1;
          return encodeRtpPacket({
            payloadType,
            marker: index === payloads.length - 1,
            sequenceNumber,
            timestamp,
            ssrc: 5,
            payload,
          });
        }),
      );
      expect(track(sent, again).frames.map(({ payloads }) => payloads)).toEqual(frames.map(({ payloads }) => payloads));
    },
  );
});

it('B-frames are found by their own numbers where timestamps go by when they are sent', async () => {
  const [, source] = SOURCES[1] ?? [];
  if (source === undefined) throw new Error('no source');
  const { sent } = await send(source);
  const times = [...new Set(sent.packets.map((packet) => packet.readUInt32BE(4)))];
  for (const packet of sent.packets) packet.writeUInt32BE(times.indexOf(packet.readUInt32BE(4)) * 4500, 4);
  expect(track(sent, sent.packets).told).toEqual(['reordered']);
});

describe('Motion JPEG of GStreamer, with its tables in the packets', () => {
  it.each([
    ['4:2:0', 'I420', 640, 480],
    ['4:2:2', 'Y42B', 320, 240],
    ['more pixels than the packets can say', 'I420', 2560, 1440],
  ])('is decoded as the encoder made it: %s', async (_, format, width, height) => {
    const [file, packets] = [join(folder, 'pictures.mjpeg'), join(folder, 'packets')];
    await run('gst-launch-1.0', [
      ...`-q videotestsrc num-buffers=5 ! video/x-raw,format=${format},width=${width},height=${height},framerate=5/1`.split(' '),
      ...`! jpegenc ! tee name=both ! queue ! filesink location=${file}`.split(' '),
      ...`both. ! queue ! rtpjpegpay ! rtpstreampay ! filesink location=${packets}`.split(' '),
    ]);
    // As GStreamer's server describes it, where the size does not fit.
    const description = ['m=video 0 RTP/AVP 26', 'a=rtpmap:26 JPEG/90000', `a=x-dimensions:${width},${height}`].join('\r\n');
    const [described] = parseSessionDescription(description).tracks;
    if (described === undefined) throw new Error('no track');
    const { track: subject, frames } = track({ track: described, packets: [] }, splitPackets(readFileSync(packets)));
    expect([subject.malformed, subject.damaged, frames.length]).toEqual([0, 0, 5]);
    const [made, original] = await Promise.all([
      decodePictures('mjpeg', bytesOf(frames)),
      decodePictures('mjpeg', readFileSync(file)),
    ]);
    expect(original.pictures).toHaveLength(5);
    expect(made.pictures).toEqual(original.pictures);
  });
});
