import { parse as parseSdp, type SessionDescription } from 'sdp-transform';
import type { VideoCodec } from '../../media/viewer-codecs.ts';
import {
  AUDIO_CODECS,
  AUDIO_LEVEL_EXTENSION,
  CAPTURE_TIME_EXTENSION,
  MID_EXTENSION,
  PLAYOUT_DELAY_EXTENSION,
  SEND_TIME_EXTENSION,
  TRANSPORT_FEEDBACK,
  TRANSPORT_SEQUENCE_EXTENSION,
} from './offer.ts';

/** Of browsers, with all candidates in it, a quarter. */
const MAX_SDP_LENGTH = 32 * 1024;
/** An NTP timestamp. */
const CAPTURE_TIME_BYTES = 8;
const TRANSPORT_SEQUENCE_BYTES = 2;
const SEND_TIME_BYTES = 3;
const PLAYOUT_DELAY_BYTES = 3;
/** Seven bits of the RTP header. */
const MAX_PAYLOAD_TYPE = 127;

/** What an answer says of one media section that was offered. */
export interface AnsweredMedia {
  mid: string;
  /** Codecs by encoding name in upper case: of the picture those that were offered, H264 only in packetization-mode 1, H265 only in one stream (tx-mode SRST, RFC 7798 section 7.1). */
  payloadTypes: Map<string, number>;
  /** Payload types of retransmission, by the one that they repair. */
  retransmissions: Map<number, number>;
  midExtensionId: number | undefined;
  /** Of the header extension that says when a picture was taken. */
  captureTimeExtensionId: number | undefined;
  /** Of that which numbers all packets of the transport; only where the viewer gives the feedback that goes with it. */
  transportSequenceExtensionId: number | undefined;
  /** Of that which says when a packet was sent. */
  sendTimeExtensionId: number | undefined;
  /** Of that which says how long pictures are to be held back. */
  playoutDelayExtensionId: number | undefined;
}

/** What an answer accepts of an offer. */
export interface Answer {
  video?: AnsweredMedia;
  audio?: AnsweredMedia;
  /** Codecs of the sound that the viewer may send, by payload type; empty where it sends none. */
  talk: ReadonlyMap<number, string>;
  /** Id of the header extension that says how loud that is (RFC 6464), where the viewer sends it. */
  audioLevelId?: number | undefined;
  dataChannels: boolean;
}

/**
 * The video and audio that an answer accepts: a section with port 0, or that will not receive, is left out (RFC 3264 section 6).
 * Payload types are those of the answer, since they name what the answerer wants to receive.
 *
 * @param offered codecs of the picture
 * @throws when the text is no session description at all
 */
export function readAnswer(answer: string, offered: readonly VideoCodec[]): Answer {
  const found: Answer = { talk: new Map(), dataChannels: false };
  for (const media of parse(answer).media) {
    if (media.port === 0 || media.direction === 'inactive' || media.mid === undefined) continue;
    if (media.type === 'application') found.dataChannels = true;
    if (media.type !== 'video' && media.type !== 'audio') continue;
    if (media.type === 'audio' && media.direction !== 'recvonly') {
      found.talk = talkPayloadTypes(readFormats(media, offered).payloadTypes);
      found.audioLevelId = media.ext?.find(({ uri }) => uri === AUDIO_LEVEL_EXTENSION)?.value;
    }
    if (media.direction === 'sendonly') continue;
    const mid = text(media.mid);
    found[media.type] = {
      mid,
      ...readFormats(media, offered),
      midExtensionId: extensionId(media, MID_EXTENSION, Buffer.byteLength(mid)),
      captureTimeExtensionId: media.type === 'video' ? extensionId(media, CAPTURE_TIME_EXTENSION, CAPTURE_TIME_BYTES) : undefined,
      transportSequenceExtensionId: givesTransportFeedback(media)
        ? extensionId(media, TRANSPORT_SEQUENCE_EXTENSION, TRANSPORT_SEQUENCE_BYTES)
        : undefined,
      sendTimeExtensionId: extensionId(media, SEND_TIME_EXTENSION, SEND_TIME_BYTES),
      playoutDelayExtensionId:
        media.type === 'video' ? extensionId(media, PLAYOUT_DELAY_EXTENSION, PLAYOUT_DELAY_BYTES) : undefined,
    };
  }
  return found;
}

/** False where nothing is left to do for the viewer: it accepted no part, or none in a form that we have. */
export function isOfUse({ video, audio, talk, dataChannels }: Answer): boolean {
  return (video?.payloadTypes.size ?? 0) > 0 || (audio?.payloadTypes.size ?? 0) > 0 || talk.size > 0 || dataChannels;
}

/**
 * RFC 3264 section 6: an answer has the sections of the offer, in their order. What it needs besides for a connection stands in any of them, or in
 * front of all (RFC 9143 section 7.3, RFC 8839 section 5.4).
 *
 * @param video codecs of the picture that were offered
 * @throws with what is missing, as the end of a sentence
 */
export function assertAnswers(offer: string, answer: string, video: readonly VideoCodec[]): void {
  const kindsOf = (sdp: string): string[] => Array.from(sdp.matchAll(/^m=(\w+) /gm), ([, kind = '']) => kind);
  const [offered, answered] = [kindsOf(offer), kindsOf(answer)];
  if (answered.length === 0) throw new Error('it has no media section');
  if (answered.join() !== offered.join())
    throw new Error(`its media sections are ${answered.join(', ')} where the offer has ${offered.join(', ')}`);
  for (const [attribute, name] of NEEDED) if (!attribute.test(answer)) throw new Error(`it has no ${name}`);
  if (readAnswer(answer, video).video?.payloadTypes.size === 0) {
    const forms = video.map((codec) => FORMS[codec]).join(' or ');
    throw new Error(`it accepts the picture, and not in ${forms}, which alone was offered`);
  }
}

const FORMS: Readonly<Record<VideoCodec, string>> = {
  H264: 'H.264 in packetization mode 1',
  H265: 'H.265 in a single stream (SRST)',
};

const NEEDED: readonly [RegExp, string][] = [
  [/^a=ice-ufrag:\S/m, 'ICE user name (a=ice-ufrag)'],
  [/^a=ice-pwd:\S/m, 'ICE password (a=ice-pwd)'],
  [/^a=fingerprint:\S/m, 'fingerprint of a certificate (a=fingerprint)'],
  [/^a=mid:\S/m, 'names of its sections (a=mid)'],
];

/**
 * An answerer sends with the payload types of the offer (RFC 3264 section 6.1); one that sends with those of its own answer is understood where
 * they mean nothing else. Of the codecs, too, all that were offered: Chromium sends in the first of the offer, also where its answer leaves that out.
 */
function talkPayloadTypes(answered: ReadonlyMap<string, number>): Map<number, string> {
  const offered = Object.entries(AUDIO_CODECS);
  const accepted = offered.filter(([codec]) => answered.has(codec));
  if (accepted.length === 0) return new Map();
  return new Map([
    ...accepted.map(([codec]) => [answered.get(codec) ?? -1, codec] as const),
    ...offered.map(([codec, { payloadType }]) => [payloadType, codec] as const),
  ]);
}

function readFormats(
  media: SessionDescription['media'][number],
  video: readonly string[],
): Pick<AnsweredMedia, 'payloadTypes' | 'retransmissions'> {
  const parameters = new Map(media.fmtp.map(({ payload, config }) => [payload, text(config)]));
  const listed = text(media.payloads).split(' ');
  const payloadTypes = new Map<string, number>();
  const retransmissions = new Map<number, number>();
  // A static payload type needs no rtpmap (RFC 3551 section 6).
  if (media.type === 'audio' && listed.includes('0')) payloadTypes.set('PCMU', 0);
  if (media.type === 'audio' && listed.includes('8')) payloadTypes.set('PCMA', 8);
  // One that is written with zeros in front stays a text.
  const codecs = media.rtp.filter(({ payload }) => Number.isInteger(payload) && payload <= MAX_PAYLOAD_TYPE);
  for (const { payload, codec } of codecs) {
    const name = text(codec).toUpperCase();
    const format = parameters.get(payload) ?? '';
    const repaired = name === 'RTX' ? /(?:^|[;\s])apt=(\d{1,3})(?:[;\s]|$)/.exec(format)?.[1] : undefined;
    if (repaired !== undefined && !retransmissions.has(Number(repaired))) retransmissions.set(Number(repaired), payload);
    if (media.type === 'video' && !(video.includes(name) && isSent(name, format))) continue;
    if (!payloadTypes.has(name)) payloadTypes.set(name, payload);
  }
  return { payloadTypes, retransmissions };
}

/** Whether this form of a codec is the one in which pictures are sent. */
function isSent(name: string, format: string): boolean {
  if (name === 'H264') return /packetization-mode=1/.test(format);
  // Without it in a single stream, which is what we send.
  return !/tx-mode=(?!SRST)/i.test(format);
}

/** Of whatever codec: it is one for the whole transport. */
function givesTransportFeedback({ rtcpFb }: SessionDescription['media'][number]): boolean {
  return rtcpFb?.some(({ type }) => type === TRANSPORT_FEEDBACK) === true;
}

/** sdp-transform makes a number of what looks like one, whatever its types say. */
function text(value: string | number | undefined): string {
  return value === undefined ? '' : String(value);
}

/**
 * Of a header extension that we send, where it fits RFC 8285 section 4.2: ids 1 to 14, values of 1 to 16 bytes. The viewer chooses the ids and the name
 * of the section, and each packet carries them.
 */
function extensionId(media: SessionDescription['media'][number], uri: string, length: number): number | undefined {
  const id = media.ext?.find((extension) => extension.uri === uri)?.value;
  const fits = id !== undefined && Number.isInteger(id) && id >= 1 && id <= 14 && length >= 1 && length <= 16;
  return fits ? id : undefined;
}

/** Whoever sends more than this does not mean a session: to read it takes a hundred milliseconds and more, of all viewers' time. */
function parse(sdp: string): SessionDescription {
  if (sdp.length > MAX_SDP_LENGTH) throw new Error(`it is longer than ${MAX_SDP_LENGTH} characters`);
  return parseSdp(sdp);
}

export type MediaKind = 'audio' | 'video';

/**
 * What packets of a session description's sections are of, by payload type. Of sections that are bundled those differ, so that they need no SSRC to be told
 * apart (RFC 8843 section 9.2).
 */
export function readMediaKinds(sdp: string): ReadonlyMap<number, MediaKind> {
  return new Map(
    parse(sdp).media.flatMap(({ type, payloads }) => {
      if (type !== 'audio' && type !== 'video') return [];
      return text(payloads)
        .split(' ')
        .map((payloadType) => [Number(payloadType), type] as const);
    }),
  );
}

/** Encoding names of all sections of a session description by payload type. */
export function readPayloadTypes(sdp: string): ReadonlyMap<number, string> {
  return new Map(parse(sdp).media.flatMap(({ rtp }) => rtp.map(({ payload, codec }) => [payload, codec] as const)));
}
