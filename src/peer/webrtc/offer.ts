import { RTCRtpCodecParameters, RTCRtpHeaderExtensionParameters, type PeerConfig } from 'werift';
import { parse as parseSdp, type SessionDescription } from 'sdp-transform';

const MID_EXTENSION = 'urn:ietf:params:rtp-hdrext:sdes:mid';
/** One object for both sections: werift numbers each object anew, and a browser is to find one id in the whole BUNDLE (RFC 8843 section 15). */
const MID_HEADER_EXTENSION = new RTCRtpHeaderExtensionParameters({ id: 1, uri: MID_EXTENSION });

/**
 * What every offer lists. H.264 stands as constrained baseline 3.1, whatever the camera sends: browsers reject the true profile of
 * most cameras and play it under this name. All audio codecs that pass untouched are listed, and each packet says which one it is.
 */
export const OFFERED_MEDIA: Pick<PeerConfig, 'codecs' | 'headerExtensions'> = {
  codecs: {
    video: [
      new RTCRtpCodecParameters({
        mimeType: 'video/H264',
        clockRate: 90_000,
        payloadType: 102,
        parameters: 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f',
        rtcpFeedback: [{ type: 'nack' }, { type: 'nack', parameter: 'pli' }, { type: 'ccm', parameter: 'fir' }],
      }),
      new RTCRtpCodecParameters({ mimeType: 'video/rtx', clockRate: 90_000, payloadType: 103, parameters: 'apt=102' }),
    ],
    audio: [
      new RTCRtpCodecParameters({ mimeType: 'audio/opus', clockRate: 48_000, channels: 2, payloadType: 111 }),
      new RTCRtpCodecParameters({ mimeType: 'audio/PCMU', clockRate: 8000, channels: 1, payloadType: 0 }),
      new RTCRtpCodecParameters({ mimeType: 'audio/PCMA', clockRate: 8000, channels: 1, payloadType: 8 }),
    ],
  },
  headerExtensions: {
    video: [MID_HEADER_EXTENSION],
    audio: [MID_HEADER_EXTENSION],
  },
};

/** Of browsers, with all candidates in it, a quarter. */
const MAX_SDP_LENGTH = 32 * 1024;
/** Seven bits of the RTP header. */
const MAX_PAYLOAD_TYPE = 127;

/** What an answer says of one media section that was offered. */
export interface AnsweredMedia {
  mid: string;
  /** Codecs by encoding name in upper case; H264 only in packetization-mode 1. */
  payloadTypes: Map<string, number>;
  /** Retransmission of the H264 payload type. */
  rtxPayloadType: number | undefined;
  midExtensionId: number | undefined;
}

/**
 * The video and audio that an answer accepts: a section with port 0, or that will not receive, is left out (RFC 3264 section 6).
 * Payload types are those of the answer, since they name what the answerer wants to receive.
 *
 * @throws when the text is no session description at all
 */
export function readAnswer(answer: string): { video?: AnsweredMedia; audio?: AnsweredMedia } {
  const found: { video?: AnsweredMedia; audio?: AnsweredMedia } = {};
  for (const media of parse(answer).media) {
    if (media.port === 0 || media.direction === 'inactive' || media.direction === 'sendonly' || media.mid === undefined) continue;
    if (media.type !== 'video' && media.type !== 'audio') continue;
    const mid = text(media.mid);
    const extension = media.ext?.find(({ uri }) => uri === MID_EXTENSION)?.value;
    found[media.type] = {
      mid,
      ...readFormats(media),
      midExtensionId: extension !== undefined && fitsOneByteExtension(extension, mid) ? extension : undefined,
    };
  }
  return found;
}

function readFormats(media: SessionDescription['media'][number]): Pick<AnsweredMedia, 'payloadTypes' | 'rtxPayloadType'> {
  const parameters = new Map(media.fmtp.map(({ payload, config }) => [payload, text(config)]));
  const listed = text(media.payloads).split(' ');
  const payloadTypes = new Map<string, number>();
  // A static payload type needs no rtpmap (RFC 3551 section 6).
  if (media.type === 'audio' && listed.includes('0')) payloadTypes.set('PCMU', 0);
  if (media.type === 'audio' && listed.includes('8')) payloadTypes.set('PCMA', 8);
  // One that is written with zeros in front stays a text.
  const codecs = media.rtp.filter(({ payload }) => Number.isInteger(payload) && payload <= MAX_PAYLOAD_TYPE);
  for (const { payload, codec } of codecs) {
    const name = text(codec).toUpperCase();
    if (name === 'H264' && !/packetization-mode=1/.test(parameters.get(payload) ?? '')) continue;
    if (!payloadTypes.has(name)) payloadTypes.set(name, payload);
  }
  const repairs = new RegExp(`(^|[;\\s])apt=${payloadTypes.get('H264')}([;\\s]|$)`);
  const rtx = codecs.find(
    ({ payload, codec }) => text(codec).toLowerCase() === 'rtx' && repairs.test(parameters.get(payload) ?? ''),
  );
  return { payloadTypes, rtxPayloadType: rtx?.payload };
}

/** sdp-transform makes a number of what looks like one, whatever its types say. */
function text(value: string | number | undefined): string {
  return value === undefined ? '' : String(value);
}

/** RFC 8285 section 4.2: ids 1 to 14, values of 1 to 16 bytes. The viewer chooses both, and each packet carries them. */
function fitsOneByteExtension(id: number, value: string): boolean {
  const length = Buffer.byteLength(value);
  return Number.isInteger(id) && id >= 1 && id <= 14 && length >= 1 && length <= 16;
}

/** Whoever sends more than this does not mean a session: to read it takes a hundred milliseconds and more, of all viewers' time. */
function parse(sdp: string): SessionDescription {
  if (sdp.length > MAX_SDP_LENGTH) throw new Error(`it is longer than ${MAX_SDP_LENGTH} characters`);
  return parseSdp(sdp);
}

/** Encoding names of all sections of a session description by payload type. */
export function readPayloadTypes(sdp: string): ReadonlyMap<number, string> {
  return new Map(parse(sdp).media.flatMap(({ rtp }) => rtp.map(({ payload, codec }) => [payload, codec] as const)));
}
