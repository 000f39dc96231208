import { printable } from '../printable.ts';
import { findElement, findElements, numberAt, textAt, type XmlElement } from '../xml.ts';

/** One media profile as the camera's configuration says; what its stream really carries may differ. */
export interface OnvifProfile {
  token: string;
  name: string;
  /** Token of the video source; which input of an encoder or NVR. */
  videoSource: string | null;
  video: VideoConfiguration | null;
  /** `G711`, `PCMU`, `PCMA`, `G726`, `AAC` ...: Media1 does not tell the two laws of G.711 apart. */
  audio: { codec: string } | null;
  /** A metadata configuration is part of the profile. */
  metadata: boolean;
  /** An audio decoder is part of the profile, so the camera can play talk-back. */
  audioDecoder: boolean;
  ptz: boolean;
}

export interface VideoConfiguration {
  /** `H264`, `H265`, `JPEG`, `MPEG4`, or what else the camera calls it. */
  codec: string;
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
  return profilesOf(answer, (profile) => ({
    videoSource: findElement(profile, 'VideoSourceConfiguration'),
    video: findElement(profile, 'VideoEncoderConfiguration'),
    audio: findElement(profile, 'AudioEncoderConfiguration'),
    metadata: findElement(profile, 'MetadataConfiguration'),
    audioDecoder: findElement(profile, 'Extension', 'AudioDecoderConfiguration'),
    ptz: findElement(profile, 'PTZConfiguration'),
  }));
}

/** Media2 GetProfiles (ver20/media), the only place where H.265 is listed. */
export function parseMedia2Profiles(answer: XmlElement): OnvifProfile[] {
  return profilesOf(answer, (profile) => {
    const configurations = findElement(profile, 'Configurations');
    return {
      videoSource: findElement(configurations, 'VideoSource'),
      video: findElement(configurations, 'VideoEncoder'),
      audio: findElement(configurations, 'AudioEncoder'),
      metadata: findElement(configurations, 'Metadata'),
      audioDecoder: findElement(configurations, 'AudioDecoder'),
      ptz: findElement(configurations, 'PTZ'),
    };
  });
}

/** GetStreamUri: Media1 wraps it in MediaUri, Media2 does not, and some cameras mix them up. */
export function parseStreamUri(answer: XmlElement): string | undefined {
  return textAt(answer, 'MediaUri', 'Uri') ?? textAt(answer, 'Uri');
}

interface Configurations {
  videoSource: XmlElement | undefined;
  video: XmlElement | undefined;
  audio: XmlElement | undefined;
  metadata: XmlElement | undefined;
  audioDecoder: XmlElement | undefined;
  ptz: XmlElement | undefined;
}

function profilesOf(answer: XmlElement, configurationsOf: (profile: XmlElement) => Configurations): OnvifProfile[] {
  const profiles: OnvifProfile[] = [];
  for (const element of findElements(answer, 'Profiles').slice(0, MAX_PROFILES)) {
    const token = element.attributes.get('token') ?? '';
    if (token === '') continue;
    const configurations = configurationsOf(element);
    const audioCodec = codecOf(configurations.audio);
    profiles.push({
      token,
      name: printable(textAt(element, 'Name') ?? token),
      videoSource: textAt(configurations.videoSource, 'SourceToken') ?? null,
      video: videoOf(configurations.video),
      audio: audioCodec === undefined ? null : { codec: audioCodec },
      metadata: configurations.metadata !== undefined,
      audioDecoder: configurations.audioDecoder !== undefined,
      ptz: configurations.ptz !== undefined,
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
  return {
    codec,
    width: numberAt(encoder, 'Resolution', 'Width') ?? 0,
    height: numberAt(encoder, 'Resolution', 'Height') ?? 0,
    framesPerSecond: frameRateLimit === undefined ? null : frameRateLimit / interval,
    bitrateKbps: numberAt(encoder, 'RateControl', 'BitrateLimit') ?? null,
    govLength: govLength ?? null,
  };
}

function codecOf(encoder: XmlElement | undefined): string | undefined {
  const name = printable(textAt(encoder, 'Encoding') ?? '', 32).toUpperCase();
  return name === '' ? undefined : (CODEC_NAMES[name] ?? name);
}

function attributeNumber(element: XmlElement, name: string): number | undefined {
  const value = Number.parseInt(element.attributes.get(name) ?? '', 10);
  return Number.isNaN(value) ? undefined : value;
}
