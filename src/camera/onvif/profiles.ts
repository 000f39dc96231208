import { printable } from '../../base/printable.ts';
import { findElement, findElements, numberAt, textAt, type XmlElement } from '../xml.ts';

/** One media profile as the camera's configuration says; what its stream really carries may differ. */
export interface OnvifProfile {
  token: string;
  name: string;
  /** Token of the video source; which input of an encoder or NVR. */
  videoSource: string | null;
  video: VideoConfiguration | null;
  audio: AudioConfiguration | null;
  /** A metadata configuration is part of the profile. */
  metadata: boolean;
  /** An audio decoder is part of the profile, so the camera can play talk-back. */
  audioDecoder: boolean;
  ptz: boolean;
  configurations: Readonly<ConfigurationTokens>;
}

/** What the profile is put together from, by token; null where it has no such part. Other calls name the parts by these. */
export interface ConfigurationTokens {
  videoSource: string | null;
  videoEncoder: string | null;
  audioEncoder: string | null;
  metadata: string | null;
  ptz: string | null;
  audioOutput: string | null;
  audioDecoder: string | null;
}

export const NO_CONFIGURATIONS: Readonly<ConfigurationTokens> = {
  videoSource: null,
  videoEncoder: null,
  audioEncoder: null,
  metadata: null,
  ptz: null,
  audioOutput: null,
  audioDecoder: null,
};

export interface AudioConfiguration {
  /** `G711`, `PCMU`, `PCMA`, `G726`, `AAC` ...: Media1 does not tell the two laws of G.711 apart. */
  codec: string;
  sampleRateHz: number | null;
  bitrateKbps: number | null;
}

export interface VideoConfiguration {
  /** `H264`, `H265`, `JPEG`, `MPEG4`, or what else the camera calls it. */
  codec: string;
  /** Of H.264 or H.265, as configured: `Baseline`, `Main`, `Extended`, `High`, `Main10`. */
  profile: string | null;
  width: number;
  height: number;
  framesPerSecond: number | null;
  bitrateKbps: number | null;
  /** Frames from keyframe to keyframe. */
  govLength: number | null;
}

/** Names of the media types (Media2, IANA) and of vendors for what Media1 calls otherwise. */
const CODEC_NAMES: Readonly<Record<string, string>> = {
  'H.264': 'H264',
  'H.265': 'H265',
  HEVC: 'H265',
  MJPEG: 'JPEG',
  'MPV4-ES': 'MPEG4',
  'MP4A-LATM': 'AAC',
  'MPEG4-GENERIC': 'AAC',
};

/** Profiles beyond these are not read; the largest NVRs have 256 channels with up to four. */
const MAX_PROFILES = 1024;

/** Media1 GetProfiles (ver10/media). Entries without a token are left out, since no request could name them. */
export function parseMedia1Profiles(answer: XmlElement): OnvifProfile[] {
  return profilesOf(answer, (profile) => {
    const extension = findElement(profile, 'Extension');
    return {
      videoSource: findElement(profile, 'VideoSourceConfiguration'),
      videoEncoder: findElement(profile, 'VideoEncoderConfiguration'),
      audioEncoder: findElement(profile, 'AudioEncoderConfiguration'),
      metadata: findElement(profile, 'MetadataConfiguration'),
      ptz: findElement(profile, 'PTZConfiguration'),
      audioOutput: findElement(extension, 'AudioOutputConfiguration'),
      audioDecoder: findElement(extension, 'AudioDecoderConfiguration'),
    };
  });
}

/** Media2 GetProfiles (ver20/media), the only place where H.265 is listed. */
export function parseMedia2Profiles(answer: XmlElement): OnvifProfile[] {
  return profilesOf(answer, (profile) => {
    const configurations = findElement(profile, 'Configurations');
    return {
      videoSource: findElement(configurations, 'VideoSource'),
      videoEncoder: findElement(configurations, 'VideoEncoder'),
      audioEncoder: findElement(configurations, 'AudioEncoder'),
      metadata: findElement(configurations, 'Metadata'),
      ptz: findElement(configurations, 'PTZ'),
      audioOutput: findElement(configurations, 'AudioOutput'),
      audioDecoder: findElement(configurations, 'AudioDecoder'),
    };
  });
}

/** GetStreamUri and GetSnapshotUri: Media1 wraps it in MediaUri, Media2 does not, and some cameras mix them up. */
export function parseMediaUri(answer: XmlElement): string | undefined {
  return textAt(answer, 'MediaUri', 'Uri') ?? textAt(answer, 'Uri');
}

type Configurations = Record<keyof ConfigurationTokens, XmlElement | undefined>;

function profilesOf(answer: XmlElement, configurationsOf: (profile: XmlElement) => Configurations): OnvifProfile[] {
  const profiles: OnvifProfile[] = [];
  for (const element of findElements(answer, 'Profiles').slice(0, MAX_PROFILES)) {
    const token = tokenOf(element);
    if (token === null) continue;
    const parts = configurationsOf(element);
    profiles.push({
      token,
      name: printable(textAt(element, 'Name') ?? token),
      videoSource: textAt(parts.videoSource, 'SourceToken') ?? null,
      video: videoOf(parts.videoEncoder),
      audio: audioOf(parts.audioEncoder),
      metadata: parts.metadata !== undefined,
      audioDecoder: parts.audioDecoder !== undefined,
      ptz: parts.ptz !== undefined,
      configurations: {
        videoSource: tokenOf(parts.videoSource),
        videoEncoder: tokenOf(parts.videoEncoder),
        audioEncoder: tokenOf(parts.audioEncoder),
        metadata: tokenOf(parts.metadata),
        ptz: tokenOf(parts.ptz),
        audioOutput: tokenOf(parts.audioOutput),
        audioDecoder: tokenOf(parts.audioDecoder),
      },
    });
  }
  return profiles;
}

function videoOf(encoder: XmlElement | undefined): VideoConfiguration | null {
  const codec = codecOf(encoder);
  if (encoder === undefined || codec === undefined) return null;
  const frameRateLimit = numberAt(encoder, 'RateControl', 'FrameRateLimit');
  // Media1: only every n-th frame of the limit is encoded (onvif.xsd, EncodingInterval).
  const interval = Math.max(1, numberAt(encoder, 'RateControl', 'EncodingInterval') ?? 1);
  const govLength =
    attributeNumber(encoder, 'GovLength') ?? numberAt(encoder, 'H264', 'GovLength') ?? numberAt(encoder, 'MPEG4', 'GovLength');
  const profile = encoder.attributes.get('Profile') ?? textAt(encoder, 'H264', 'H264Profile') ?? '';
  return {
    codec,
    profile: profile === '' ? null : printable(profile, 32),
    width: numberAt(encoder, 'Resolution', 'Width') ?? 0,
    height: numberAt(encoder, 'Resolution', 'Height') ?? 0,
    framesPerSecond: frameRateLimit === undefined ? null : frameRateLimit / interval,
    bitrateKbps: numberAt(encoder, 'RateControl', 'BitrateLimit') ?? null,
    govLength: govLength ?? null,
  };
}

function audioOf(encoder: XmlElement | undefined): AudioConfiguration | null {
  const codec = codecOf(encoder);
  if (codec === undefined) return null;
  return {
    codec,
    sampleRateHz: inThousands(numberAt(encoder, 'SampleRate'), 1000),
    bitrateKbps: inThousands(numberAt(encoder, 'Bitrate'), 1),
  };
}

/** onvif.xsd counts in kHz and kbit/s; cameras that write hertz and bits are known by numbers that cannot be thousands. */
function inThousands(value: number | undefined, unit: number): number | null {
  if (value === undefined || value <= 0) return null;
  return (value >= 4000 ? value / 1000 : value) * unit;
}

function tokenOf(element: XmlElement | undefined): string | null {
  const token = element?.attributes.get('token') ?? '';
  return token === '' ? null : token;
}

function codecOf(encoder: XmlElement | undefined): string | undefined {
  const name = printable(textAt(encoder, 'Encoding') ?? '', 32).toUpperCase();
  return name === '' ? undefined : (CODEC_NAMES[name] ?? name);
}

function attributeNumber(element: XmlElement, name: string): number | undefined {
  const value = Number.parseInt(element.attributes.get(name) ?? '', 10);
  return Number.isNaN(value) ? undefined : value;
}
