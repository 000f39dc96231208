/*
 * The session description (RFC 8866) in the answer to DESCRIBE, read forgivingly: what a camera leaves out or gets wrong
 * around a track must not cost the track.
 */

export type RtspTrackKind = 'video' | 'audio' | 'application';

export interface RtspTrack {
  kind: RtspTrackKind;
  /** Position among the media descriptions, from 0. */
  index: number;
  /** The `a=control` attribute as it came; empty when there is none. */
  control: string;
  payloadType: number;
  /** As in rtpmap, where case means nothing: upper for video and audio (`H264`, `PCMU`), lower for the rest (`vnd.onvif.metadata`). */
  encodingName: string;
  /** Hz. */
  clockRate: number;
  /** Audio channels; 1 for everything else. */
  channels: number;
  /** Format parameters; names in lower case, values as they came. */
  fmtp: Map<string, string>;
  /** `sendonly` is the camera's way to mark the audio backchannel (ONVIF Streaming section 5.3): we are the sender there. */
  direction: 'sendonly' | 'recvonly' | 'sendrecv' | undefined;
  /** `b=AS` in kbit/s. */
  bandwidth?: number;
  /** Of JPEG, where it may not fit into the packets; pixels. */
  frameSize?: { width: number; height: number };
  /** SSRC of its packets, where the answer to SETUP announced it. */
  ssrc?: number;
  /** Of sound that is listed in several forms: all of them. A backchannel takes any (ONVIF Streaming section 5.3). */
  formats?: readonly RtspFormat[];
  /** `a=ptime`: milliseconds of sound that a packet is to have. */
  packetMs?: number;
}

/** One form in which a track may come; the fields are those of {@link RtspTrack}. */
export type RtspFormat = Pick<RtspTrack, 'payloadType' | 'encodingName' | 'clockRate' | 'channels' | 'fmtp'>;

export interface SessionDescription {
  /** The session's own `a=control`; undefined when there is none. */
  control: string | undefined;
  tracks: RtspTrack[];
}

/** More than any camera has; the rest is not read. */
const MAX_TRACKS = 32;
/** Of one track; Dahua lists twenty for its backchannel. */
const MAX_FORMATS = 32;
/** Pixels: what a JPEG can be at most. */
const MAX_FRAME_SIZE = 65_535;
const MAX_LINE_LENGTH = 16 * 1024;

/** RFC 3551 section 6, as far as cameras use them without rtpmap. */
const STATIC_PAYLOAD_TYPES = new Map<number, string>([
  [0, 'PCMU/8000'],
  // Reserved since; once G721, which is G.726 at 32 kbit/s.
  [2, 'G726-32/8000'],
  [3, 'GSM/8000'],
  [8, 'PCMA/8000'],
  [9, 'G722/8000'],
  [10, 'L16/44100/2'],
  [11, 'L16/44100'],
  [14, 'MPA/90000'],
  [26, 'JPEG/90000'],
  [33, 'MP2T/90000'],
]);

interface Section {
  media: string;
  attributes: { name: string; value: string }[];
  bandwidth: number | undefined;
}

/**
 * Reads a session description; media that are neither video, audio nor application are left out. Never throws. Whatever stands before the
 * first media may be missing or broken (no `v=`: go2rtc#679; a bare `c=IN`, Uniview and H3C: go2rtc#1663), as may ports and addresses.
 */
export function parseSessionDescription(text: string): SessionDescription {
  const [session, ...media] = splitSections(text);
  const sessionDirection = session === undefined ? undefined : directionOf(session);
  const sections = media.slice(0, MAX_TRACKS);
  const tracks = sections.flatMap((section, index) => parseTrack(section, index, sessionDirection, sections) ?? []);
  // A camera whose video is `sendonly` says it of itself (go2rtc#771): its backchannel is then what is not.
  const speaksOfItself = tracks.some(({ kind, direction }) => kind === 'video' && direction === 'sendonly');
  return {
    control: session === undefined ? undefined : attribute(session, 'control'),
    tracks: speaksOfItself ? tracks.map((track) => ({ ...track, direction: opposite(track.direction) })) : tracks,
  };
}

/** Whether the camera sends on this track; the ONVIF backchannel is for us to send, of which Dahua lists twenty forms (gortsplib#479). */
export function isReceived(track: RtspTrack): boolean {
  return track.direction !== 'sendonly';
}

function splitSections(text: string): Section[] {
  const sections: Section[] = [{ media: '', attributes: [], bandwidth: undefined }];
  for (const line of text.split(/[\r\n]+/)) {
    if (line.length > MAX_LINE_LENGTH) continue;
    const value = line.slice(2).trim();
    const section = sections.at(-1);
    if (line.startsWith('m=')) sections.push({ media: value, attributes: [], bandwidth: undefined });
    else if (line.startsWith('b=AS:') && section !== undefined) section.bandwidth = positive(value.slice(3));
    else if (line.startsWith('a=')) {
      const [, name = '', attributeValue = ''] = /^([^:]*):?(.*)$/.exec(value) ?? [];
      section?.attributes.push({ name: name.trim().toLowerCase(), value: attributeValue.trim() });
    }
  }
  return sections;
}

function parseTrack(
  section: Section,
  index: number,
  sessionDirection: RtspTrack['direction'],
  sections: readonly Section[],
): RtspTrack | undefined {
  const [kind = '', , , ...formats] = section.media.split(/\s+/);
  const payloadType = Number.parseInt(formats[0] ?? '', 10);
  if ((kind !== 'video' && kind !== 'audio' && kind !== 'application') || !isPayloadType(payloadType)) return undefined;

  const { bandwidth } = section;
  const format = (payload: number): RtspFormat => ({
    payloadType: payload,
    ...parseEncoding(forPayloadType(section, 'rtpmap', payload) ?? STATIC_PAYLOAD_TYPES.get(payload) ?? '', kind),
    fmtp: parseFormatParameters(forPayloadType(section, 'fmtp', payload) ?? misplacedFmtp(sections, payload) ?? ''),
  });
  const others = kind === 'audio' ? formats.slice(1, MAX_FORMATS).map(Number).filter(isPayloadType) : [];
  const frameSize = kind === 'video' ? frameSizeOf(section, payloadType) : undefined;
  const packetMs = kind === 'audio' ? positive(attribute(section, 'ptime') ?? '') : undefined;
  return {
    kind,
    index,
    control: attribute(section, 'control') ?? '',
    ...format(payloadType),
    direction: directionOf(section) ?? sessionDirection,
    ...(bandwidth === undefined ? {} : { bandwidth }),
    ...(others.length === 0 ? {} : { formats: [payloadType, ...others].map(format) }),
    ...(frameSize === undefined ? {} : { frameSize }),
    ...(packetMs === undefined ? {} : { packetMs }),
  };
}

/** `a=x-dimensions:W,H`, as GStreamer's servers write it, or `a=framesize:PT W-H` (3GPP TS 26.234). */
function frameSizeOf(section: Section, payloadType: number): RtspTrack['frameSize'] {
  const text = attribute(section, 'x-dimensions') ?? forPayloadType(section, 'framesize', payloadType) ?? '';
  const [width, height] = text.split(/[,x-]/).map((part) => Number.parseInt(part, 10));
  const isSize = (pixels: number | undefined): pixels is number => pixels !== undefined && pixels > 0 && pixels <= MAX_FRAME_SIZE;
  return isSize(width) && isSize(height) ? { width, height } : undefined;
}

function isPayloadType(payloadType: number): boolean {
  return payloadType >= 0 && payloadType < 128;
}

function parseEncoding(rtpmap: string, kind: RtspTrackKind): Pick<RtspTrack, 'encodingName' | 'clockRate' | 'channels'> {
  const [name = '', rate = '', channels = ''] = rtpmap.split('/');
  // It reaches logs and error texts, so nothing but the characters of an encoding name.
  const [encodingName = ''] = /^[\w.+-]{0,64}/.exec(name.trim()) ?? [];
  return {
    encodingName: kind === 'application' ? encodingName.toLowerCase() : encodingName.toUpperCase(),
    clockRate: positive(rate) ?? (kind === 'audio' ? 8000 : 90_000),
    channels: kind === 'audio' ? (positive(channels) ?? 1) : 1,
  };
}

/**
 * The value of `a=rtpmap:PT value` or `a=fmtp:PT value` for a payload type. Where the section has exactly one such line and it
 * names another payload type, that line is meant (cameras with AAC number fmtp and rtpmap differently: mediamtx#3669, #3590).
 */
function forPayloadType(section: Section, name: string, payloadType: number): string | undefined {
  const lines = section.attributes
    .filter((each) => each.name === name)
    .map((each) => /^(\d+)\s*(.*)$/.exec(each.value))
    .filter((match) => match !== null);
  const exact = lines.find((match) => Number(match[1]) === payloadType);
  const isStatic = STATIC_PAYLOAD_TYPES.has(payloadType);
  return (exact ?? (lines.length === 1 && !isStatic ? lines[0] : undefined))?.[2];
}

/** Some cameras write the fmtp of their video at the end, in the section of their audio (WebRTC#419). */
function misplacedFmtp(sections: readonly Section[], payloadType: number): string | undefined {
  const stranger = sections.find(({ media, attributes }) => {
    const isOwn = media.split(/\s+/).slice(3).includes(String(payloadType));
    return !isOwn && attributes.some(({ name, value }) => name === 'fmtp' && Number.parseInt(value, 10) === payloadType);
  });
  return stranger && forPayloadType(stranger, 'fmtp', payloadType);
}

function parseFormatParameters(value: string): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const part of value.split(';')) {
    const equals = part.indexOf('=');
    const name = (equals < 0 ? part : part.slice(0, equals)).trim().toLowerCase();
    if (name !== '') parameters.set(name, equals < 0 ? '' : part.slice(equals + 1).trim());
  }
  return parameters;
}

function directionOf(section: Section): RtspTrack['direction'] {
  for (const { name } of section.attributes) {
    if (name === 'sendonly' || name === 'recvonly' || name === 'sendrecv') return name;
  }
  return undefined;
}

function opposite(direction: RtspTrack['direction']): RtspTrack['direction'] {
  if (direction === 'sendonly') return 'recvonly';
  return direction === 'recvonly' ? 'sendonly' : direction;
}

function attribute(section: Section, name: string): string | undefined {
  return section.attributes.find((each) => each.name === name)?.value;
}

/** Up to what 32 bits hold: hundreds of digits would come to infinity. */
function positive(text: string): number | undefined {
  const value = Number.parseInt(text, 10);
  return value > 0 && value < 2 ** 32 ? value : undefined;
}
