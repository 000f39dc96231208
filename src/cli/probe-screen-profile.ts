import type { AudioReport, MetadataReport, ProfileReport, VideoReport } from '../probe/report.ts';
import { codecName } from '../probe/verdict.ts';
import type { Row } from './probe-screen.ts';

/** What is said of one profile: measured, and what is configured beside it. */
export function profileRows(profile: ProfileReport): Row[] {
  const { url, transport, seconds, firstPacketMs, firstKeyframeMs, video, audio, metadata, configured } = profile;
  const rows: Row[] = [];
  if (url !== null) rows.push({ label: 'Stream', value: url });
  if (transport !== null && seconds !== null) {
    const starts = [
      firstPacketMs === null ? null : `first packet after ${firstPacketMs} ms`,
      firstKeyframeMs === null ? null : `first keyframe after ${firstKeyframeMs} ms`,
    ];
    const parts = [`by ${TRANSPORTS[transport]} for ${seconds} s`, ...starts].filter((part) => part !== null);
    rows.push({ label: 'Pulled', value: parts.join(', ') });
  }
  const beside = (text: string | null): Pick<Row, 'configured'> => (configured === null ? {} : { configured: text ?? '-' });
  rows.push(...videoRows(video, configured?.video ?? null, beside));
  rows.push(...soundRows(audio, configured?.audio ?? null, beside));
  if (metadata !== null || configured !== null) {
    const said = metadata === null ? NOT_SEEN : describeMetadata(metadata);
    rows.push({ label: 'Metadata', value: said, ...beside(configured?.metadata === true ? 'yes' : 'no') });
  }
  if (configured !== null) {
    const ready = configured.audioDecoder ? 'an audio decoder is part of the profile' : 'no audio decoder in the profile';
    rows.push({ label: 'Talk-back', value: ready });
  }
  return rows;
}

const TRANSPORTS = { tcp: 'TCP (in the RTSP connection)', udp: 'UDP', http: 'RTSP over HTTP', tls: 'RTSP inside TLS' } as const;
const NOT_SEEN = '-';
/** The way to us takes as long. */
const NOTABLE_OFFSET_MS = 20;

type Configured = NonNullable<ProfileReport['configured']>;
type Beside = (text: string | null) => Pick<Row, 'configured'>;

function videoRows(video: VideoReport | null, configured: Configured['video'], beside: Beside): Row[] {
  if (video === null && configured === null) return [];
  const { framesPerSecond = null, bitrateKbps = null, govLength = null } = configured ?? {};
  const size = configured === null || configured.width === 0 ? null : `${configured.width}x${configured.height}`;
  const codec =
    configured === null ? null : [codecName(configured.codec), configured.profile].filter((part) => part !== null).join(' ');
  const rows: Row[] = [
    { label: 'Video', value: video === null ? NOT_SEEN : describeCodec(video), ...beside(codec) },
    { label: 'Resolution', value: video === null ? NOT_SEEN : describeSize(video), ...beside(size) },
    {
      label: 'Frame rate',
      value: withUnit(video?.framesPerSecond, '/s', 1),
      ...beside(framesPerSecond === null ? null : `${framesPerSecond} /s`),
    },
    {
      label: 'Bitrate',
      value: withUnit(video?.bitrateKbps, 'kbit/s', 0),
      ...beside(bitrateKbps === null ? null : `at most ${bitrateKbps} kbit/s`),
    },
    {
      label: 'Keyframes',
      value: video === null ? NOT_SEEN : describeKeyframes(video),
      ...beside(govLength === null ? null : `every ${govLength} frames`),
    },
  ];
  if (video === null) return rows;
  rows.push({ label: 'B-frames', value: describeOrder(video) });
  rows.push({ label: 'Packets', value: describePackets(video) });
  rows.push({ label: 'Time', value: describeTime(video) });
  return rows;
}

function describeCodec({ codec, profile, level, profileLevelId, declaredProfileLevelId, chroma, bitDepth }: VideoReport): string {
  const name = codecName(codec);
  if (profile === null || level === null) return name;
  if (level === '-') return name;
  const format = chroma === '4:2:0' && bitDepth === 8 ? '' : `, ${chroma} in ${bitDepth} bits`;
  const declared =
    declaredProfileLevelId === null || declaredProfileLevelId === profileLevelId ? '' : `, declared as ${declaredProfileLevelId}`;
  const id = profileLevelId === null ? '' : ` (${profileLevelId}${declared})`;
  return `${name} ${profile}@${level}${id}${format}`;
}

function describeSize({ width, height, interlaced }: VideoReport): string {
  if (width === null || height === null) return 'not told by the stream';
  return `${width}x${height}${interlaced === true ? ', interlaced' : ''}`;
}

function describeKeyframes({ keyframes, keyframeInterval, secondsSinceKeyframe }: VideoReport): string {
  if (keyframes === null) return NOT_SEEN;
  if (keyframes === 0) return `none came in ${secondsSinceKeyframe.toFixed(1)} s`;
  if (keyframeInterval === null) return `one came, and no other in ${secondsSinceKeyframe.toFixed(1)} s after it`;
  const { frames, seconds, longestSeconds } = keyframeInterval;
  const longest = longestSeconds > seconds * 1.2 ? `, up to ${longestSeconds.toFixed(1)} s` : '';
  return `every ${seconds.toFixed(1)} s (${frames} ${frames === 1 ? 'frame' : 'frames'})${longest}`;
}

function describeOrder({ bFrames, reordered }: VideoReport): string {
  if (reordered === true) return 'yes: pictures come in another order than they are shown in';
  if (bFrames === true) return reordered === false ? 'B slices, but in the order in which they are shown' : 'B slices';
  return bFrames === false ? 'none' : 'not known';
}

function describePackets({
  packets,
  lost,
  damaged,
  jitterMs,
  packetization,
  packetizationMode,
  largestPayloadBytes,
}: VideoReport): string {
  const mode = packetizationMode === null ? '' : ` (mode ${packetizationMode} declared)`;
  const kinds = packetization.length === 0 ? [] : [`${packetization.join(', ')}${mode}, up to ${largestPayloadBytes} bytes`];
  const loss = lost === 0 ? 'none lost' : `${lost} lost`;
  const jitter = jitterMs === null ? [] : [`jitter ${jitterMs.toFixed(1)} ms`];
  return [`${packets}, ${loss}`, ...(damaged > 0 ? [`${damaged} damaged pictures`] : []), ...jitter, ...kinds].join('; ');
}

function describeTime({ senderReports, clockOffsetMs }: VideoReport): string {
  if (senderReports === 0) return 'no sender reports came: the time of pictures goes by their arrival';
  const offset = clockOffsetMs === null ? '' : `, their clock ${formatOffset(clockOffsetMs)}`;
  return `${senderReports} sender ${senderReports === 1 ? 'report' : 'reports'}${offset}`;
}

function formatOffset(milliseconds: number): string {
  const side = milliseconds < 0 ? 'behind' : 'ahead';
  const size = Math.abs(milliseconds);
  if (size < NOTABLE_OFFSET_MS) return 'as ours';
  return size < 10_000 ? `${size} ms ${side}` : `${Math.round(size / 1000)} s ${side}`;
}

function soundRows(audio: AudioReport | null, configured: Configured['audio'], beside: Beside): Row[] {
  if (audio === null && configured === null) return [];
  const rate = configured?.sampleRateHz ?? null;
  const said = configured === null ? null : [codecName(configured.codec), rate === null ? null : `${rate / 1000} kHz`];
  const text = said === null ? null : said.filter((part) => part !== null).join(' ');
  return [{ label: 'Sound', value: audio === null ? NOT_SEEN : describeSound(audio), ...beside(text) }];
}

function describeSound({ codec, sampleRateHz, channels, bitrateKbps, packets, lost }: AudioReport): string {
  if (packets === 0) return `${codecName(codec)}, no packet came`;
  const parts = [
    codecName(codec),
    sampleRateHz === null ? null : `${sampleRateHz / 1000} kHz`,
    channels === 1 ? 'mono' : channels === 2 ? 'stereo' : `${channels} channels`,
  ];
  const loss = lost === 0 ? '' : `, ${lost} packets lost`;
  return `${parts.filter((part) => part !== null).join(' ')}${bitrateKbps === null ? '' : `, ${bitrateKbps} kbit/s`}${loss}`;
}

function describeMetadata({ documents, parts }: MetadataReport): string {
  if (documents === 0) return 'a track, but no document came';
  return `${documents} ${documents === 1 ? 'document' : 'documents'}${parts.length === 0 ? '' : ` (${parts.join(', ')})`}`;
}

function withUnit(value: number | null | undefined, unit: string, digits: number): string {
  return value === null || value === undefined ? NOT_SEEN : `${value.toFixed(digits)} ${unit}`;
}
