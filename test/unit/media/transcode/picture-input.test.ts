import { describe, expect, it } from 'vitest';
import type { CameraVideoCodec } from '../../../../src/media/coded-picture.ts';
import { packetizeH264 } from '../../../../src/media/h264/packetizer.ts';
import { packetizeH265 } from '../../../../src/media/h265/packetizer.ts';
import { pictureInput } from '../../../../src/media/transcode/picture-input.ts';

const START = Buffer.from([0, 0, 0, 1]);
const unit = (header: number[], length: number, fill: number): Buffer =>
  Buffer.concat([Buffer.from(header), Buffer.alloc(length, fill)]);

const H264 = { sps: unit([0x67], 10, 1), pps: unit([0x68], 4, 2), idr: unit([0x65], 5000, 3), slice: unit([0x41], 1200, 4) };
const H265 = {
  vps: unit([0x40, 1], 9, 1),
  sps: unit([0x42, 1], 30, 2),
  pps: unit([0x44, 1], 5, 3),
  idr: unit([0x26, 1], 5000, 4),
  // Of sub-layer 1.
  slice: unit([0x02, 2], 3000, 5),
};

describe('a picture is given to ffmpeg', () => {
  it.each([1150, 200, 60])('as the NAL units that were packetized, in packets of %d bytes: H.264', (maxPayload) => {
    const units = [H264.sps, H264.pps, H264.idr, H264.slice];
    const { bytes, form } = pictureInput('H264', packetizeH264(units, maxPayload));
    expect(bytes.equals(Buffer.concat(units.flatMap((each) => [START, each])))).toBe(true);
    expect(form.equals(H264.sps)).toBe(true);
  });

  it.each([1150, 200, 60])('as the NAL units that were packetized, in packets of %d bytes: H.265', (maxPayload) => {
    const units = [H265.vps, H265.sps, H265.pps, H265.idr, H265.slice];
    const { bytes, form } = pictureInput('H265', packetizeH265(units, maxPayload));
    expect(bytes.equals(Buffer.concat(units.flatMap((each) => [START, each])))).toBe(true);
    expect(form.equals(H265.sps)).toBe(true);
  });

  it('with what says its size: the frame header of a JPEG, whatever tables are before it', () => {
    const frame = Buffer.from('ffc0000b080200040001012200', 'hex');
    const jpeg = Buffer.concat([
      Buffer.from('ffd8ffdb000401aaffc4000401bb', 'hex'),
      frame,
      Buffer.from('ffda00021234ffd9', 'hex'),
    ]);
    const { bytes, form } = pictureInput('JPEG', [jpeg]);
    expect([bytes.equals(jpeg), form.equals(frame)]).toEqual([true, true]);
  });

  it('with what says its size: the headers of MPEG-4, without the times behind them', () => {
    const headers = Buffer.from('000001b509000001000000012000c8', 'hex');
    for (const behind of ['000001b300000000000001b61234', '000001b61234']) {
      const picture = Buffer.concat([Buffer.from('000001b001', 'hex'), headers, Buffer.from(behind, 'hex')]);
      expect(pictureInput('MPEG4', [picture]).form.toString('hex')).toBe(headers.toString('hex'));
    }
  });

  it('with what says its size: the headers of MPEG-4, without user data, in which a camera may write the time', () => {
    const [object, layer, picture] = ['000001b509', '000001000000012000c8', '000001b61234'];
    for (const userData of ['000001b2', '000001b23132', '000001b231000001b232']) {
      const bytes = Buffer.from([object, userData, layer, userData, picture].join(''), 'hex');
      expect(pictureInput('MPEG4', [bytes]).form.toString('hex')).toBe(object + layer);
    }
  });

  it.each<CameraVideoCodec>(['H264', 'H265', 'JPEG', 'MPEG4'])(
    'without a size where it has none, and never fails: %s',
    (codec) => {
      for (const payload of [
        '',
        'ff',
        'ffd8',
        'ffd8ffc0ffff',
        '1c',
        '1c85',
        '18',
        '18ffff01',
        '62',
        '6201',
        '620193',
        '60010001',
        '000001b6',
      ])
        expect(pictureInput(codec, [Buffer.from(payload, 'hex')]).form.length).toBeLessThan(5);
    },
  );
});
