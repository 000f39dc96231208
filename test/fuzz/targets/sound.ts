import { parseAudioSpecificConfig } from '../../../src/media/aac/audio-specific-config.ts';
import { parseStreamMuxConfig } from '../../../src/media/aac/stream-mux-config.ts';
import { encodeRtpPacket, parseRtpPacket } from '../../../src/media/rtp/packet.ts';
import { soundDepacketizer } from '../../../src/media/sound-depacketizer.ts';
import { soundFormat, SoundTrack } from '../../../src/media/sound-track.ts';
import type { TrackDescription } from '../../../src/media/track.ts';
import { joinPackets, splitPackets } from '../packets.ts';
import { demand, isWithin, type FuzzTarget } from '../target.ts';

/* A camera's sound: packets, and what its session description says of them. */

/** AAC-LC, 16 kHz, mono, as AudioSpecificConfig and as StreamMuxConfig. */
const ASC = '1408';
const MUX = '40002810 3fc0'.replaceAll(' ', '');
/** ISO/IEC 14496-3 section 1.7.3: an element with its configuration, and an access unit of five bytes. */
const IN_BAND = Buffer.from('20001408 1fe00080 90911190'.replaceAll(' ', ''), 'hex');

type Said = Pick<TrackDescription, 'encodingName' | 'clockRate'> & { fmtp?: Record<string, string>; channels?: number };
const TRACKS: readonly Said[] = [
  { encodingName: 'MPEG4-GENERIC', clockRate: 16_000, fmtp: { mode: 'AAC-hbr', sizelength: '13', config: ASC } },
  { encodingName: 'MPEG4-GENERIC', clockRate: 90_000, fmtp: { ctsdeltalength: '6', auxiliarydatasizelength: '8' } },
  { encodingName: 'MPEG4-GENERIC', clockRate: 48_000, fmtp: { mode: 'AAC-lbr' } },
  { encodingName: 'MP4A-LATM', clockRate: 16_000, fmtp: { cpresent: '0', config: MUX } },
  { encodingName: 'MP4A-LATM', clockRate: 90_000, fmtp: { cpresent: '1' } },
  { encodingName: 'MP4A-LATM', clockRate: 48_000 },
  { encodingName: 'L16', clockRate: 44_100, channels: 2 },
  { encodingName: 'G726-24', clockRate: 8000 },
  { encodingName: 'OPUS', clockRate: 48_000, channels: 2 },
];

const PAYLOADS = [
  // Two access units, one in two parts, two interleaved, one inside ADTS.
  '0020 0028 0018 1111111111 222222',
  '0010 0050 33333333',
  '0010 0050 444444444444',
  '0020 0010 0011 5555 6666',
  '0010 0060 fff16040018 01ffc 77777777 77',
  '05 8888888888',
  'ff09 '.padEnd(5 + 264 * 2, '9'),
  'fff1604001801ffc 1111111111',
].map((digits) => Buffer.from(digits.replaceAll(' ', ''), 'hex'));

/** The payload type is the track: each packet tells by it what it is. */
function packets(payloads: readonly Buffer[], payloadType: number): Buffer {
  return joinPackets(
    payloads.map((payload, index) =>
      encodeRtpPacket({ payloadType, marker: index % 3 !== 0, sequenceNumber: index, timestamp: index * 1024, ssrc: 1, payload }),
    ),
  );
}

const depacketizers: FuzzTarget = {
  name: 'sound-depacketizers',
  form: 'packets',
  corpus: TRACKS.flatMap((_, payloadType) => [packets(PAYLOADS, payloadType), packets([IN_BAND, ...PAYLOADS], payloadType)]),
  run(input) {
    const all = splitPackets(input);
    const [first] = all;
    const payloadType = ((first && parseRtpPacket(first)?.payloadType) ?? 0) % TRACKS.length;
    const said = TRACKS[payloadType];
    demand(said !== undefined, 'there are tracks');
    const track = { channels: 1, ...said, kind: 'audio' as const, payloadType, fmtp: new Map(Object.entries(said.fmtp ?? {})) };
    const depacketizer = soundDepacketizer(track);
    demand(depacketizer !== undefined, 'these tracks are known');
    const sound = new SoundTrack(track, depacketizer, 0);
    let given = 0;
    for (const [at, bytes] of all.entries()) {
      for (const { payload, timestamp, durationTicks = 0 } of sound.receive(bytes, at)) {
        given += payload.length;
        demand(payload.length > 0, 'no frame is empty');
        demand(isWithin(timestamp, 0, 2 ** 32 - 1), 'timestamps are of 32 bits');
        demand(isWithin(durationTicks, 0, 2 ** 24), 'a frame lasts a while');
      }
      const { config } = sound.format;
      demand(config === undefined || parseAudioSpecificConfig(config) !== undefined, 'the config is one for decoders');
    }
    demand(given <= input.length, 'frames hold no more than came');
  },
};

const configs: FuzzTarget = {
  name: 'aac-configs',
  form: 'bytes',
  corpus: [ASC, MUX, '2b118800', '131056e598', 'f8e8500000', '1140000001ff', '8000000000041408'].map((digits) =>
    Buffer.from(digits, 'hex'),
  ),
  run(input) {
    const config = parseAudioSpecificConfig(input);
    if (config !== undefined) {
      const { sampleRate, outputRate, channels, frameSamples } = config;
      demand(isWithin(sampleRate, 1, 2 ** 24) && isWithin(outputRate, 1, 2 ** 24), 'rates are numbers that are not 0');
      demand(isWithin(channels, 1, 128) && [480, 512, 960, 1024].includes(frameSamples), 'sound has channels and blocks');
    }
    const mux = parseStreamMuxConfig(input);
    if (mux !== undefined) {
      demand(isWithin(mux.subframes, 1, 64), 'an element has a bounded number of access units');
      demand(mux.config.length <= input.length, 'a config lies within its bytes');
      demand(parseAudioSpecificConfig(mux.config) !== undefined, 'the config within is one for decoders');
    }
    for (const encodingName of ['MPEG4-GENERIC', 'MP4A-LATM']) {
      const fmtp = new Map([['config', input.toString('latin1')]]);
      const format = soundFormat({ kind: 'audio', encodingName, payloadType: 97, clockRate: 8000, channels: 1, fmtp });
      demand(format?.config !== undefined, 'there is always a config');
    }
  },
};

export const SOUND_TARGETS: readonly FuzzTarget[] = [depacketizers, configs];
