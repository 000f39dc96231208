import { RTCRtpCodecParameters, RTCRtpHeaderExtensionParameters, type PeerConfig } from 'werift';
import type { AudioCodec, VideoCodec } from '../../media/viewer-codecs.ts';

/** SDP URI of the header extension that names a packet's media section (RFC 8843 section 15). */
export const MID_EXTENSION = 'urn:ietf:params:rtp-hdrext:sdes:mid';
/** One object for both sections: werift numbers each object anew, and a browser is to find one id in the whole BUNDLE (RFC 8843 section 15). */
const MID_HEADER_EXTENSION = new RTCRtpHeaderExtensionParameters({ id: 1, uri: MID_EXTENSION });

/** SDP URI of the header extension that says how loud the sound of a packet is (RFC 6464). */
export const AUDIO_LEVEL_EXTENSION = 'urn:ietf:params:rtp-hdrext:ssrc-audio-level';
const AUDIO_LEVEL_HEADER_EXTENSION = new RTCRtpHeaderExtensionParameters({ id: 2, uri: AUDIO_LEVEL_EXTENSION });

/**
 * SDP URI of the header extension that says when a picture was taken, by the clock of the sender reports. A page reads it as `captureTimestamp` of
 * getSynchronizationSources(); without it Chromium says when a picture was taken only where sound comes with it.
 */
export const CAPTURE_TIME_EXTENSION = 'http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time';
const CAPTURE_TIME_HEADER_EXTENSION = new RTCRtpHeaderExtensionParameters({ id: 3, uri: CAPTURE_TIME_EXTENSION });

/** SDP URI of the header extension that says how long pictures are to be held back at least, so that they are shown evenly. */
export const PLAYOUT_DELAY_EXTENSION = 'http://www.webrtc.org/experiments/rtp-hdrext/playout-delay';
const PLAYOUT_DELAY_HEADER_EXTENSION = new RTCRtpHeaderExtensionParameters({ id: 6, uri: PLAYOUT_DELAY_EXTENSION });

/** SDP URI of the header extension that says when a packet was sent, from which a receiver estimates what the path carries (REMB). */
export const SEND_TIME_EXTENSION = 'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time';
/** SDP URI of the header extension that numbers all packets of a transport (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 2). */
export const TRANSPORT_SEQUENCE_EXTENSION = 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01';
const CONGESTION_HEADER_EXTENSIONS = [
  new RTCRtpHeaderExtensionParameters({ id: 4, uri: SEND_TIME_EXTENSION }),
  new RTCRtpHeaderExtensionParameters({ id: 5, uri: TRANSPORT_SEQUENCE_EXTENSION }),
];
/** The feedback that goes with {@link TRANSPORT_SEQUENCE_EXTENSION} (section 4). */
export const TRANSPORT_FEEDBACK = 'transport-cc';
/** What a receiver that has no transport-wide feedback estimates itself, of all streams (draft-alvestrand-rmcat-remb-03). */
const RECEIVER_ESTIMATE = 'goog-remb';

/** What an offer asks for beside data channels. */
export interface OfferedMedia {
  /** Codecs of the picture in order of preference. */
  video: readonly VideoCodec[];
  /** Absent: the offer has no sound section. */
  audio?: OfferedAudio | undefined;
}

/** The sound section of an offer. */
export interface OfferedAudio {
  direction: 'sendonly' | 'recvonly' | 'sendrecv';
  /** In order of preference: the first that the viewer has is the one that it sends. */
  codecs: readonly AudioCodec[];
}

const AUDIO_FEEDBACK = [{ type: TRANSPORT_FEEDBACK }];

export const AUDIO_CODECS: Readonly<Record<AudioCodec, RTCRtpCodecParameters>> = {
  OPUS: audioCodec('opus', 48_000, 2, 111),
  PCMU: audioCodec('PCMU', 8000, 1, 0),
  PCMA: audioCodec('PCMA', 8000, 1, 8),
};

const VIDEO_FEEDBACK = [
  { type: 'nack' },
  { type: 'nack', parameter: 'pli' },
  { type: 'ccm', parameter: 'fir' },
  { type: 'ccm', parameter: 'tmmbr' },
  { type: RECEIVER_ESTIMATE },
  { type: TRANSPORT_FEEDBACK },
];

/**
 * The codecs of the picture. H.264 stands as constrained baseline 3.1, whatever the camera sends: browsers reject the true
 * profile of most cameras and play it under this name. H.265 stands as Main, Main tier (RFC 7798 section 7.1), in level 6: who decodes less says so in
 * the answer, and a browser takes no level above that of the offer.
 */
const VIDEO_CODECS: Readonly<Record<VideoCodec, RTCRtpCodecParameters>> = {
  H264: videoCodec('H264', 102, 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f'),
  H265: videoCodec('H265', 104, 'level-id=180;profile-id=1;tier-flag=0;tx-mode=SRST'),
};

/** What a connection is made with that offers, or takes, these codecs of the picture; all of the sound that pass untouched. */
export function offeredMedia(video: readonly VideoCodec[]): Pick<PeerConfig, 'codecs' | 'headerExtensions'> {
  return {
    codecs: {
      video: video.flatMap((codec) => [VIDEO_CODECS[codec], retransmissionOf(codec)]),
      audio: Object.values(AUDIO_CODECS),
    },
    headerExtensions: {
      video: [
        MID_HEADER_EXTENSION,
        CAPTURE_TIME_HEADER_EXTENSION,
        ...CONGESTION_HEADER_EXTENSIONS,
        PLAYOUT_DELAY_HEADER_EXTENSION,
      ],
      audio: [MID_HEADER_EXTENSION, AUDIO_LEVEL_HEADER_EXTENSION, ...CONGESTION_HEADER_EXTENSIONS],
    },
  };
}

/** The codecs of one section of the picture in order of preference, as werift takes them: it adds their retransmissions. */
export function videoCodecs(codecs: readonly VideoCodec[]): RTCRtpCodecParameters[] {
  return codecs.map((codec) => VIDEO_CODECS[codec]);
}

/** The codecs of one sound section, as werift takes them. */
export function audioCodecs({ codecs }: OfferedAudio): RTCRtpCodecParameters[] {
  return codecs.map((codec) => AUDIO_CODECS[codec]);
}

function audioCodec(name: string, clockRate: number, channels: number, payloadType: number): RTCRtpCodecParameters {
  return new RTCRtpCodecParameters({ mimeType: `audio/${name}`, clockRate, channels, payloadType, rtcpFeedback: AUDIO_FEEDBACK });
}

function videoCodec(name: VideoCodec, payloadType: number, parameters: string): RTCRtpCodecParameters {
  const mimeType = `video/${name}`;
  return new RTCRtpCodecParameters({ mimeType, clockRate: 90_000, payloadType, parameters, rtcpFeedback: VIDEO_FEEDBACK });
}

/** RFC 4588 section 8.1. */
function retransmissionOf(codec: VideoCodec): RTCRtpCodecParameters {
  const { payloadType, clockRate } = VIDEO_CODECS[codec];
  return new RTCRtpCodecParameters({
    mimeType: 'video/rtx',
    clockRate,
    payloadType: payloadType + 1,
    parameters: `apt=${payloadType}`,
  });
}
