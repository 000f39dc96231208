import { describe, expect, it } from 'vitest';
import { encodeInterleaved } from '../../../../src/camera/rtsp/interleaved.ts';
import { H264Camera, IDR, PPS, SLICES, SPS } from '../../media/h264-camera.ts';
import { rtpBytes } from '../../media/rtp-bytes.ts';
import { cameraWith, clientOf } from '../rtsp/pull.ts';
import { DescribedStream, H264_AND_PCMU, sdp } from './described-stream.ts';
import { soon } from './soon.ts';

/* The second table of docs/camera-quirks.md: what else cameras were seen to do. */

const [SLICE = Buffer.alloc(0), NEXT_SLICE = Buffer.alloc(0)] = SLICES;
const START_CODE = Buffer.from([0, 0, 0, 1]);
/** Its sets come in band only. */
const BARE = sdp('v=0', 'm=video 0 RTP/AVP 96', 'a=rtpmap:96 H264/90000');
const PACKET = rtpBytes({ payload: Buffer.alloc(20, 0x41) });

describe('start codes within RTP payloads', () => {
  const joined = Buffer.concat([SPS, START_CODE, PPS, START_CODE, IDR]);
  it.each([
    ['parameter sets and picture in one packet (WebRTC#391, #392)', [joined], 65_000],
    ['the same in fragments', [joined], 1400],
    ['one before each NAL unit', [SPS, PPS, IDR].map((nal) => Buffer.concat([START_CODE, nal])), 65_000],
    ['one behind each of the sets', [Buffer.concat([SPS, START_CODE]), Buffer.concat([PPS, START_CODE]), IDR], 1400],
  ])('are taken away: %s', (_, nals, maxPayload) => {
    const viewer = new DescribedStream(BARE);
    const camera = new H264Camera();
    const packets = nals.flatMap((nal, index) => {
      const parts = camera.picture([nal], maxPayload);
      // Of one picture: the marker on its last packet, and one timestamp.
      camera.timestamp = (camera.timestamp + 2 ** 32 - 3600) % 2 ** 32;
      if (index < nals.length - 1) for (const part of parts) part[1] = (part[1] ?? 0) & 0x7f;
      return parts;
    });
    viewer.rtp('video', packets);
    expect(viewer.pictures).toEqual([[SPS, PPS, IDR]]);
    expect(viewer.stream.packetsMalformed).toBe(0);
  });
});

describe('where pictures end', () => {
  const sei = Buffer.from([0x06, 0xe5, 0x01, 0x00, 0x80]);

  it('is not at the marker of parameter sets or SEI (TP-Link Tapo TC70, H264DVR, RtspServer: go2rtc#244)', () => {
    const viewer = new DescribedStream(BARE);
    const camera = new H264Camera();
    const marked = [SPS, PPS, sei].map((nal) => camera.packet(nal, true));
    viewer.rtp('video', [...marked, ...camera.picture([IDR])]);
    expect(viewer.pictures).toEqual([[SPS, PPS, sei, IDR]]);
  });

  it('is not between parameter sets and picture, though they have timestamps of their own (Reolink RLC-822A)', () => {
    const viewer = new DescribedStream(BARE);
    const camera = new H264Camera();
    for (let group = 0; group < 2; group += 1) {
      const sets = [camera.packet(SPS, true), camera.packet(PPS, true)];
      camera.timestamp = (camera.timestamp + 1) % 2 ** 32;
      viewer.rtp('video', [...sets, ...camera.picture([IDR])]);
      viewer.rtp('video', camera.picture([SLICE]));
    }
    expect(viewer.pictures).toEqual([[SPS, PPS, IDR], [SLICE], [SPS, PPS, IDR], [SLICE]]);
  });

  it.each([
    ['never sets the marker (FLIR M400)', () => false],
    ['sets it on each slice', () => true],
  ])('is at the next timestamp for a camera that %s', (_, marker) => {
    const viewer = new DescribedStream(H264_AND_PCMU);
    const camera = new H264Camera();
    const second = Buffer.from([0x41, 0x3a, 0x05, 0x06]);
    const picture = (first: Buffer): Buffer[] => {
      const packets = [first, second, second].map((nal) => camera.packet(nal, marker()));
      camera.timestamp = (camera.timestamp + 3600) % 2 ** 32;
      return packets;
    };
    for (const first of [IDR, SLICE, IDR, SLICE, SLICE]) viewer.rtp('video', picture(first));
    expect(viewer.pictures.slice(-2)).toEqual([
      [SPS, PPS, IDR, second, second],
      [SLICE, second, second],
    ]);
  });

  it('leaves delimiters, filler and NAL units without a byte to the camera', () => {
    const viewer = new DescribedStream(H264_AND_PCMU);
    const camera = new H264Camera();
    const [delimiter, filler] = [Buffer.from([0x09, 0xf0]), Buffer.concat([Buffer.from([0x0c]), Buffer.alloc(900, 0xff)])];
    const aggregate = Buffer.concat([Buffer.from([0x18, 0, 2]), delimiter, Buffer.from([0, 0])]);
    viewer.rtp('video', [
      ...[camera.packet(aggregate, false), camera.packet(Buffer.alloc(0), false), camera.packet(filler, false)],
      ...camera.picture([IDR, filler]),
    ]);
    expect(viewer.pictures).toEqual([[SPS, PPS, IDR]]);
  });

  it('reads an aggregate with a byte too many behind it', () => {
    const viewer = new DescribedStream(BARE);
    const camera = new H264Camera();
    const sizes = [SPS, PPS].flatMap((nal) => [Buffer.from([0, nal.length]), nal]);
    const aggregate = Buffer.concat([Buffer.from([0x78]), ...sizes, Buffer.from([0])]);
    viewer.rtp('video', [camera.packet(aggregate, false), ...camera.picture([IDR])]);
    expect(viewer.pictures).toEqual([[SPS, PPS, IDR]]);
  });
});

describe('packets', () => {
  it('with padding, CSRC and an extension are read, those that say more than they hold are counted', () => {
    const viewer = new DescribedStream(H264_AND_PCMU);
    const camera = new H264Camera();
    const [idr = Buffer.alloc(0)] = camera.picture([IDR], 65_000);
    // X with the profile and length of ONVIF's replay extension, P with four bytes.
    const extension = Buffer.from([0xab, 0xac, 0, 3, ...Array.from({ length: 12 }, () => 7)]);
    const full = Buffer.concat([idr.subarray(0, 12), extension, idr.subarray(12), Buffer.from([0, 0, 0, 4])]);
    full[0] = 0xb0;
    viewer.rtp('video', [full]);
    expect(viewer.pictures).toEqual([[SPS, PPS, IDR]]);
    const [slice = Buffer.alloc(0)] = camera.picture([SLICE]);
    const endless = Buffer.concat([slice.subarray(0, 12), Buffer.from([0xab, 0xac, 0xff, 0xff]), slice.subarray(12)]);
    endless[0] = 0x90;
    viewer.rtp('video', [endless]);
    expect([viewer.pictures.length, viewer.stream.packetsMalformed]).toEqual([1, 1]);
  });

  it('of another payload type are passed over, though they have the number of the one before (Geovision)', () => {
    const viewer = new DescribedStream(H264_AND_PCMU);
    const camera = new H264Camera();
    for (const nals of [[IDR], [SLICE], [NEXT_SLICE]]) {
      const packets = camera.picture(nals);
      const sequenceNumber = packets.at(-1)?.readUInt16BE(2) ?? 0;
      viewer.rtp('video', [...packets, rtpBytes({ payload: Buffer.alloc(40), payloadType: 50, sequenceNumber, ssrc: 77 })]);
    }
    expect(viewer.pictures).toEqual([[SPS, PPS, IDR], [SLICE], [NEXT_SLICE]]);
    expect([viewer.stream.packetsLost, viewer.stream.packetsMalformed]).toEqual([0, 3]);
  });

  it('of an earlier session do not come in between those of the source that was announced (Reolink RLC-410, old live555)', () => {
    const viewer = new DescribedStream(H264_AND_PCMU);
    viewer.connect(H264_AND_PCMU, { video: 77 });
    const [camera, stale] = [new H264Camera(1, 0, 77), new H264Camera(40_000, 5_000_000, 12)];
    for (const nals of [[IDR], [SLICE], [NEXT_SLICE]]) {
      viewer.rtp('video', stale.picture([SLICE]), 0);
      viewer.rtp('video', camera.picture(nals));
    }
    expect(viewer.pictures).toEqual([[SPS, PPS, IDR], [SLICE], [NEXT_SLICE]]);
    expect(viewer.pictureTimes).toEqual([0, 3600, 7200]);
  });

  it('of a source that takes over from the announced one count once that is silent', () => {
    const viewer = new DescribedStream(H264_AND_PCMU);
    viewer.connect(H264_AND_PCMU, { video: 77 });
    viewer.rtp('video', new H264Camera(1, 0, 77).picture([IDR]), 1500);
    viewer.rtp('video', new H264Camera(9, 0, 78).picture([IDR]));
    expect(viewer.pictures).toHaveLength(2);
  });

  it('of another source count at once where none was announced', () => {
    const viewer = new DescribedStream(H264_AND_PCMU);
    viewer.rtp('video', new H264Camera(1, 0, 77).picture([IDR]));
    viewer.rtp('video', new H264Camera(9, 900, 78).picture([IDR]));
    viewer.rtp('video', new H264Camera(30, 4500, 78).picture([SLICE]));
    expect(viewer.pictures).toHaveLength(2);
    expect(viewer.pictureTimes).toEqual([0, 3600]);
  });

  it('that count anew from a lower number are heard from the second on', () => {
    const viewer = new DescribedStream(H264_AND_PCMU);
    const camera = new H264Camera(2000, 0);
    viewer.rtp('video', camera.picture([IDR]));
    camera.sequenceNumber = 10;
    viewer.rtp('video', camera.picture([SLICE]));
    viewer.rtp('video', camera.picture([SPS, PPS, IDR]));
    viewer.rtp('video', camera.picture([SLICE]));
    expect(viewer.pictures).toEqual([[SPS, PPS, IDR], [SPS, PPS, IDR], [SLICE]]);
  });
});

describe('RTSP answers', () => {
  it('come behind the first packets, without CSeq, with a space in front of it or none behind the colon (Longse)', async () => {
    const camera = await cameraWith({ DESCRIBE: () => ({ silent: true }), PLAY: () => ({ silent: true }) });
    const { client, told } = clientOf(camera.url);
    const start = client.start();
    await soon(() => expect(camera.methods.at(-1)).toBe('DESCRIBE'));
    const body = sdp('m=video 0 RTP/AVP 96', 'a=rtpmap:96 H264/90000', 'a=control:v');
    camera.sendRaw(Buffer.from(`RTSP/1.0 200 OK\ncseq:2 \ncontent-length:${body.length}\n\n${body}`));
    await soon(() => expect(camera.methods.at(-1)).toBe('PLAY'));
    camera.sendRaw(Buffer.concat([encodeInterleaved(1, Buffer.alloc(8)), encodeInterleaved(0, PACKET)]));
    await soon(() => expect(told.map((line) => line.split(' ')[0])).toEqual(['tracks', 'rtcp', 'rtp']));
    camera.sendRaw(Buffer.from('RTSP/1.0 200 OK\r\nCSeq : none\r\nRTP-Info: url=trackID=1;seq=0;rtptime=0;\r\n\r\n'));
    expect((await start).tracks).toHaveLength(1);
  });

  it('of a web server on the port are named by their status', async () => {
    const camera = await cameraWith({ OPTIONS: () => ({ silent: true }), DESCRIBE: () => ({ silent: true }) });
    const start = clientOf(camera.url).client.start();
    const outcome = start.catch((error: unknown) => error);
    for (const method of ['OPTIONS', 'DESCRIBE']) {
      await soon(() => expect(camera.methods.at(-1)).toBe(method));
      camera.sendRaw(Buffer.from('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n'));
    }
    expect(await outcome).toMatchObject({
      code: 'rtsp.bad_request',
      message: expect.stringContaining('400 Bad Request') as string,
    });
  });

  it.each([400, 404, 405, 551])('to OPTIONS may be %i', async (status) => {
    const camera = await cameraWith({ OPTIONS: () => ({ status }) });
    await clientOf(camera.url).client.start();
    expect(camera.methods).toEqual(['OPTIONS', 'DESCRIBE', 'SETUP', 'SETUP', 'PLAY']);
  });

  it('name the session anew at each SETUP: the first counts', async () => {
    const camera = await cameraWith({ SETUP: (_, count) => ({ headers: [['Session', `S${count}; timeout=60`]] }) });
    const { client } = clientOf(camera.url);
    await client.start();
    await client.close();
    const sessions = camera.requests.map(({ headers }) => headers.get('Session'));
    expect(sessions.slice(3)).toEqual(['S0', 'S0', 'S0']);
  });
});
