import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSessionDescription } from '../../../../src/camera/rtsp/sdp.ts';
import { Mpeg4GenericDepacketizer } from '../../../../src/media/aac/mpeg4-generic-depacketizer.ts';
import { soundFormat } from '../../../../src/media/sound-track.ts';
import { anyBytes, hex } from '../rtp-bytes.ts';
import { bitString } from './bit-string.ts';
import { placed, soundTrack } from './placed-packets.ts';

const HBR = { mode: 'AAC-hbr', sizelength: '13', indexlength: '3', indexdeltalength: '3', config: '1408' };

/** AU headers of AAC-hbr before the data. */
function packet(units: readonly { size: number; delta?: number }[], ...data: Buffer[]): Buffer {
  const headers = units.flatMap(({ size, delta = 0 }) => [[size, 13] as const, [delta, 3] as const]);
  return Buffer.concat([bitString([units.length * 16, 16], ...headers), ...data]);
}

function unit(byte: number, length: number): Buffer {
  return Buffer.alloc(length, byte);
}

function alone(...units: Buffer[]): Buffer {
  return packet(
    units.map(({ length }) => ({ size: length })),
    ...units,
  );
}

/** ISO/IEC 13818-7 section 6.2: AAC-LC, 16 kHz, mono. */
function adts(payload: Buffer): Buffer {
  const length = payload.length + 7;
  return Buffer.concat([
    bitString([0xfff1, 16], [1, 2], [8, 4], [0, 1], [1, 3], [0, 4], [length, 13], [0x7ff, 11], [0, 2]),
    payload,
  ]);
}

const hbr = (fmtp: Readonly<Record<string, string>> = HBR): Mpeg4GenericDepacketizer =>
  new Mpeg4GenericDepacketizer(soundTrack('MPEG4-GENERIC', 16_000, fmtp));

describe('mpeg4-generic', () => {
  it('gives an access unit with its time and length', () => {
    expect(hbr().push(placed(alone(unit(1, 200)), { timestamp: 5000 }))).toEqual([
      { payload: unit(1, 200), timestamp: 6000, durationTicks: 1024, marker: false },
    ]);
  });

  it('gives each of several in a packet the time at which it begins, over the wrap of the timestamp', () => {
    const frames = hbr().push(placed(alone(unit(1, 5), unit(2, 300), unit(3, 7)), { timestamp: 2 ** 32 - 2000 }));
    expect(frames.map(({ payload, timestamp }) => [payload, timestamp])).toEqual([
      [unit(1, 5), 2 ** 32 - 1000],
      [unit(2, 300), 24],
      [unit(3, 7), 1048],
    ]);
  });

  it('joins an access unit whose parts name the size of the whole (RFC 3640 section 3.2.3)', () => {
    const subject = hbr();
    const parts = [unit(1, 100), unit(2, 100), unit(3, 50)];
    const frames = parts.map((part, at) => subject.push(placed(packet([{ size: 250 }], part), { marker: at === 2 })));
    expect(frames.map(({ length }) => length)).toEqual([0, 0, 1]);
    expect(frames[2]?.[0]?.payload).toEqual(Buffer.concat(parts));
    expect(subject.malformed).toBe(0);
  });

  it('joins one whose parts name their own size, where the source is known to set markers', () => {
    const subject = hbr();
    subject.push(placed(alone(unit(9, 10))));
    expect(subject.push(placed(alone(unit(1, 100)), { timestamp: 1024, marker: false }))).toEqual([]);
    const [frame] = subject.push(placed(alone(unit(2, 50)), { timestamp: 1024 }));
    expect(frame?.payload).toEqual(Buffer.concat([unit(1, 100), unit(2, 50)]));
  });

  it('drops the rest of one of which a part is missing', () => {
    const subject = hbr();
    subject.push(placed(alone(unit(9, 10))));
    subject.push(placed(alone(unit(1, 100)), { timestamp: 1024, marker: false }));
    expect(subject.push(placed(alone(unit(3, 100)), { timestamp: 1024, marker: false, gap: true }))).toEqual([]);
    expect(subject.push(placed(alone(unit(4, 50)), { timestamp: 1024 }))).toEqual([]);
    expect(subject.push(placed(alone(unit(5, 50)), { timestamp: 2048 }))).toHaveLength(1);
  });

  it('gives at once what a source sends that never sets a marker', () => {
    const subject = hbr();
    const counts = [0, 1024, 2048].map(
      (timestamp) => subject.push(placed(alone(unit(1, 50)), { timestamp, marker: false })).length,
    );
    expect(counts).toEqual([1, 1, 1]);
  });

  it.each([
    ['a packet between is missing', { gap: true }, 0],
    ['the source starts anew', { restart: true }, 0],
    ['another begins', {}, 1],
  ])('drops a part where %s', (_, reception, malformed) => {
    const subject = hbr();
    subject.push(placed(packet([{ size: 250 }], unit(1, 100)), { marker: false }));
    const frames = subject.push(placed(alone(unit(2, 20)), { timestamp: 1024, ...reception }));
    expect(frames.map(({ payload }) => payload)).toEqual([unit(2, 20)]);
    expect(subject.malformed).toBe(malformed);
  });

  it('counts one of more parts than any has', () => {
    const subject = hbr();
    subject.push(placed(alone(unit(9, 10))));
    for (let at = 0; at < 8200; at += 1) subject.push(placed(alone(unit(1, 1)), { timestamp: 1024, marker: false }));
    expect(subject.malformed).toBe(1);
  });

  it('puts interleaved access units in order (RFC 3640 section 3.2.3.2)', () => {
    const subject = hbr();
    // Each packet has every third: 0 3 6, 1 4 7, 2 5 8, 9 10 11.
    const groups = [
      [0, 3, 6],
      [1, 4, 7],
      [2, 5, 8],
    ].map((indexes) => ({ first: indexes[0] ?? 0, indexes, delta: 2 }));
    const all = [...groups, { first: 9, indexes: [9, 10, 11], delta: 0 }].flatMap(({ first, indexes, delta }) => {
      const units = indexes.map((_, at) => ({ size: 4, delta: at === 0 ? 0 : delta }));
      const payload = packet(units, ...indexes.map((index) => unit(index, 4)));
      return subject.push(placed(payload, { timestamp: first * 1024 }));
    });
    expect(all.map(({ payload }) => payload[0])).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(all.map(({ timestamp }) => timestamp)).toEqual(all.map((_, at) => 1000 + at * 1024));
  });

  it('does not wait for ever for interleaved access units that never come', () => {
    const subject = hbr();
    let given = 0;
    for (let at = 0; at < 200; at += 1) {
      const payload = packet([{ size: 4 }, { size: 4, delta: 7 }], unit(1, 4), unit(2, 4));
      given += subject.push(placed(payload, { timestamp: (1000 - at) * 1024 })).length;
    }
    expect(given).toBeGreaterThanOrEqual(400 - 64);
  });

  it('reads AAC-lbr, whose headers are bytes', () => {
    const subject = hbr({ mode: 'AAC-lbr', config: '1408' });
    const payload = Buffer.concat([bitString([16, 16], [20, 6], [0, 2], [30, 6], [0, 2]), unit(1, 20), unit(2, 30)]);
    expect(subject.push(placed(payload)).map(({ payload }) => payload)).toEqual([unit(1, 20), unit(2, 30)]);
  });

  it('passes over fields that are not about sizes, and over an auxiliary section', () => {
    const subject = hbr({
      ...HBR,
      ctsdeltalength: '8',
      dtsdeltalength: '4',
      randomaccessindication: '1',
      auxiliarydatasizelength: '8',
    });
    const header = bitString([27, 16], [40, 13], [0, 3], [1, 1], [0xff, 8], [0, 1], [1, 1]);
    const auxiliary = bitString([5, 8], [0x1f, 5]);
    expect(subject.push(placed(Buffer.concat([header, auxiliary, unit(7, 40)])))[0]?.payload).toEqual(unit(7, 40));
  });

  it.each([
    ['headers longer than the packet', hex('0400 0010')],
    ['headers of half a unit', hex('0008 00')],
    ['no headers', hex('0000 0102')],
    ['a unit of no bytes', hex('0010 0000 01')],
    ['units longer than the data', packet([{ size: 4 }, { size: 9 }], unit(1, 5))],
    ['one byte', hex('00')],
  ])('counts %s', (_, payload) => {
    const subject = hbr();
    expect(subject.push(placed(payload))).toEqual([]);
    expect(subject.malformed).toBe(1);
  });

  it('takes ADTS frames out of their headers, in place of access units and of all', () => {
    const subject = hbr({});
    const frames = [unit(1, 30), unit(2, 40)].map(adts);
    expect(subject.push(placed(alone(...frames))).map(({ payload }) => payload)).toEqual([unit(1, 30), unit(2, 40)]);
    const bare = subject.push(placed(Buffer.concat(frames), { timestamp: 2048 }));
    expect(bare.map(({ payload, timestamp }) => [payload.length, timestamp])).toEqual([
      [30, 3048],
      [40, 4072],
    ]);
  });

  it('counts more than 64 ADTS frames in a packet, bare and in access units, as malformed', () => {
    const tiny = (count: number): Buffer => Buffer.concat(Array.from({ length: count }, () => adts(unit(1, 1))));
    const subject = hbr({});
    expect(subject.push(placed(tiny(64)))).toHaveLength(64);
    expect(subject.push(placed(alone(tiny(32), tiny(32)), { timestamp: 65_536 }))).toHaveLength(64);
    expect(subject.malformed).toBe(0);
    expect(subject.push(placed(tiny(65)))).toEqual([]);
    expect(subject.push(placed(alone(tiny(32), tiny(33))))).toEqual([]);
    expect(subject.malformed).toBe(2);
  });

  it('learns from ADTS headers what fmtp does not say, and is then of another format', () => {
    const subject = new Mpeg4GenericDepacketizer(soundTrack('MPEG4-GENERIC', 8000, {}, 2));
    const before = subject.format;
    subject.push(placed(alone(adts(unit(1, 30)))));
    const after = subject.format;
    subject.push(placed(alone(adts(unit(2, 30)))));
    expect([before.config, after.config, after.channels]).toEqual([hex('1590'), hex('1408'), 1]);
    expect(subject.format).toBe(after);
    const described = hbr({ config: '1190' });
    described.push(placed(alone(adts(unit(1, 30)))));
    expect(described.format.config).toEqual(hex('1190'));
  });

  it('never throws, and gives no more than came', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyBytes(80), fc.nat(3), fc.boolean(), fc.boolean())), (packets) => {
        const subject = hbr({ ...HBR, auxiliarydatasizelength: packets.length % 2 === 0 ? '0' : '7' });
        const frames = packets.flatMap(([payload, timestamp, marker, gap]) =>
          subject.push(placed(payload, { timestamp, marker, gap })),
        );
        const bytes = frames.reduce((sum, { payload }) => sum + payload.length, 0);
        expect(bytes).toBeLessThanOrEqual(packets.reduce((sum, [{ length }]) => sum + length, 0));
      }),
    );
  });
});

describe('the format of mpeg4-generic', () => {
  it.each<[string, Readonly<Record<string, string>>, number, string]>([
    ['is that of the config', HBR, 1, '1408'],
    ['is that of a config in quotation marks', { config: '"1190"' }, 2, '1190'],
    ['is made of rate and channels where there is no config', {}, 2, '1410'],
    ['is made of rate and channels where the config is none', { config: 'zz' }, 1, '1408'],
    ['is made of rate and channels where no decoder could use the config', { config: '1690' }, 1, '1408'],
  ])('%s', (_, fmtp, channels, config) => {
    expect(soundFormat(soundTrack('MPEG4-GENERIC', 16_000, fmtp, channels))).toEqual({
      ...{ codec: 'AAC', clockRate: 16_000, config: hex(config) },
      channels,
    });
  });

  it('has access units of HE-AAC as long as the track counts: at the rate that comes out, or at that of the core', () => {
    for (const [clockRate, ticks] of [
      [48_000, 2048],
      [24_000, 1024],
      [90_000, 3840],
    ] as const) {
      const subject = new Mpeg4GenericDepacketizer(soundTrack('MPEG4-GENERIC', clockRate, { config: '2b118800' }, 2));
      const [first, second] = subject.push(placed(alone(unit(1, 9), unit(2, 9))));
      expect([first?.durationTicks, second?.timestamp]).toEqual([ticks, 1000 + ticks]);
    }
  });

  it('is read where fmtp names another payload type than rtpmap (quirk 12: mediamtx#3669)', () => {
    const [track] = parseSessionDescription(
      [
        'v=0',
        'm=audio 0 RTP/AVP 104',
        'a=rtpmap:104 mpeg4-generic/16000/1',
        'a=fmtp:97 mode=AAC-hbr;config=1408;SizeLength=13;IndexLength=3;IndexDeltaLength=3',
        '',
      ].join('\r\n'),
    ).tracks;
    expect(track && soundFormat(track)).toMatchObject({ codec: 'AAC', clockRate: 16_000, config: hex('1408') });
  });
});
