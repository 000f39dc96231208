import { describe, expect, it } from 'vitest';
import { parseSessionDescription } from '../../../src/camera/rtsp/sdp.ts';
import { SamplesDepacketizer } from '../../../src/media/samples-depacketizer.ts';
import { soundDepacketizer } from '../../../src/media/sound-depacketizer.ts';
import { isPassedSound, soundFormat, SoundTrack } from '../../../src/media/sound-track.ts';
import { placed, soundTrack } from './aac/placed-packets.ts';
import { hex, rtpBytes } from './rtp-bytes.ts';

/** The first track of a description. */
function described(...lines: string[]): ReturnType<typeof soundFormat> {
  const [track] = parseSessionDescription(['v=0', ...lines, ''].join('\r\n')).tracks;
  return track && soundFormat(track);
}

describe('the format of sound', () => {
  it.each([
    ['0', { codec: 'PCMU', clockRate: 8000, channels: 1 }],
    ['2', { codec: 'G726', clockRate: 8000, channels: 1, bitsPerSample: 4, bitOrder: 'rfc3551' }],
    ['8', { codec: 'PCMA', clockRate: 8000, channels: 1 }],
    ['10', { codec: 'L16', clockRate: 44_100, channels: 2 }],
    ['11', { codec: 'L16', clockRate: 44_100, channels: 1 }],
  ])('is that of the static payload type %s without an rtpmap (RFC 3551 section 6)', (payloadType, format) => {
    expect(described(`m=audio 0 RTP/AVP ${payloadType}`)).toEqual(format);
  });

  it.each([
    ['PCMU/16000', { codec: 'PCMU', clockRate: 16_000, channels: 1 }],
    ['pcma/8000/2', { codec: 'PCMA', clockRate: 8000, channels: 2 }],
    ['L16/48000/2', { codec: 'L16', clockRate: 48_000, channels: 2 }],
    ['opus/48000/2', { codec: 'OPUS', clockRate: 48_000, channels: 2 }],
    ['G721/8000', { codec: 'G726', clockRate: 8000, channels: 1, bitsPerSample: 4, bitOrder: 'rfc3551' }],
    ['G726/8000', { codec: 'G726', clockRate: 8000, channels: 1, bitsPerSample: 4, bitOrder: 'rfc3551' }],
    ['G726-16/8000', { codec: 'G726', clockRate: 8000, channels: 1, bitsPerSample: 2, bitOrder: 'rfc3551' }],
    ['G726-24/8000', { codec: 'G726', clockRate: 8000, channels: 1, bitsPerSample: 3, bitOrder: 'rfc3551' }],
    ['G726-40/16000', { codec: 'G726', clockRate: 16_000, channels: 1, bitsPerSample: 5, bitOrder: 'rfc3551' }],
    ['AAL2-G726-32/8000', { codec: 'G726', clockRate: 8000, channels: 1, bitsPerSample: 4, bitOrder: 'aal2' }],
  ])('is that of its rtpmap: %s', (rtpmap, format) => {
    expect(described('m=audio 0 RTP/AVP 98', `a=rtpmap:98 ${rtpmap}`)).toEqual(format);
  });

  it.each([
    ...['G729/8000', 'G726-48/8000', 'PCM/8000', 'L16/44100/255', 'GSM/8000'],
    ...['PCMU/4294967295/8', 'L16/192001', 'MPEG4-GENERIC/4294967295', 'MP4A-LATM/192001', 'G726-32/192001', 'opus/192001'],
  ])('is not known of %s', (rtpmap) => {
    expect(described('m=audio 0 RTP/AVP 98', `a=rtpmap:98 ${rtpmap}`)).toBeUndefined();
  });

  it('is what browsers play in Opus, and in G.711 at 8000 Hz in mono', () => {
    const isPassed = (name: string, clockRate: number, channels = 1): boolean =>
      isPassedSound(soundTrack(name, clockRate, {}, channels));
    expect([isPassed('OPUS', 48_000, 2), isPassed('PCMU', 8000), isPassed('PCMA', 8000)]).toEqual([true, true, true]);
    const others = [isPassed('PCMU', 16_000), isPassed('PCMA', 8000, 2), isPassed('L16', 8000), isPassed('MPEG4-GENERIC', 8000)];
    expect([...others, isPassed('G726-32', 8000), isPassed('', 8000)]).toEqual([false, false, false, false, false, false]);
  });
});

describe('samples out of packets', () => {
  it.each([
    ['PCMU', 1, 160, 160],
    ['PCMA', 2, 320, 160],
    ['L16', 2, 640, 160],
    ['G726-16', 1, 40, 160],
    ['G726-24', 1, 60, 160],
    ['G726-40', 1, 100, 160],
  ])('last as long as there are: %s in %i channels', (name, channels, bytes, durationTicks) => {
    const payload = Buffer.alloc(bytes, 7);
    const frames = soundDepacketizer(soundTrack(name, 8000, {}, channels))?.push(placed(payload, { timestamp: 80 }));
    expect(frames).toEqual([{ payload, timestamp: 1080, durationTicks, marker: true }]);
  });

  it('end before a sample that is not whole, which is counted', () => {
    const subject = soundDepacketizer(soundTrack('L16', 44_100, {}, 2));
    expect(subject?.push(placed(hex('0001 0002 0003')))[0]?.payload).toEqual(hex('0001 0002'));
    expect(subject?.push(placed(hex('00')))).toEqual([]);
    expect(subject?.malformed).toBe(2);
  });

  it('of three bits end where they end in a byte', () => {
    const subject = soundDepacketizer(soundTrack('G726-24', 8000));
    expect(subject?.push(placed(Buffer.alloc(4)))[0]).toMatchObject({ durationTicks: 10, payload: Buffer.alloc(4) });
    expect(subject?.malformed).toBe(0);
  });

  it('are none in an empty packet', () => {
    for (const name of ['PCMU', 'OPUS', 'MPEG4-GENERIC', 'MP4A-LATM']) {
      const subject = soundDepacketizer(soundTrack(name, 8000));
      expect([subject?.push(placed(Buffer.alloc(0))), subject?.malformed]).toEqual([[], 0]);
    }
  });

  it('of Opus pass as they came, with the length that they tell', () => {
    const subject = soundDepacketizer(soundTrack('OPUS', 48_000, {}, 2));
    // CELT, 20 ms.
    const packet = hex('f8 01 02');
    expect(subject?.push(placed(packet, { marker: false }))).toEqual([
      { payload: packet, timestamp: 1000, durationTicks: 960, marker: false },
    ]);
    // A count of frames that is missing.
    expect(subject?.push(placed(hex('03')))[0]).toEqual({ payload: hex('03'), timestamp: 1000, marker: true });
  });
});

describe('a sound track', () => {
  it('counts over connections what it could not read, in packets and in their payloads', () => {
    const track = soundTrack('L16', 8000);
    const depacketizer = (): SamplesDepacketizer => new SamplesDepacketizer({ codec: 'L16', clockRate: 8000, channels: 1 }, 16);
    const sound = new SoundTrack(track, depacketizer(), 0);
    sound.receive(rtpBytes({ payload: hex('0102 03'), payloadType: 97, sequenceNumber: 1 }), 0);
    sound.receive(Buffer.from('no RTP'), 0);
    sound.reconnect(track, depacketizer());
    sound.receive(rtpBytes({ payload: hex('0102 03'), payloadType: 97, sequenceNumber: 7 }), 0);
    expect(sound.malformed).toBe(3);
  });
});
