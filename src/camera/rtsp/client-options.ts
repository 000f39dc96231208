import type { Clock } from '../../base/clock.ts';
import type { GatewayError } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import type { RtspTransport, TlsPolicy } from '../../base/rtsp-transport.ts';
import type { Credentials } from './auth.ts';
import type { InterleavedCounters } from './interleaved.ts';
import type { RtspTrack } from './sdp.ts';

export interface RtspClientOptions {
  /** `rtsp://host[:port]/path?query`, or `rtsps:`. A user name and password in it are used when `credentials` is absent. */
  url: string;
  credentials?: Credentials;
  /** Default `auto`. */
  transport?: RtspTransport;
  /** Absent: the certificate must be one that the system trusts. */
  tls?: TlsPolicy;
  /** Which of the tracks that the camera sends are received; throws where none is of use. Default all. Asked once a session. */
  choose?: (tracks: readonly RtspTrack[]) => readonly RtspTrack[];
  /** Sets up the tracks on which we send, and none of the others; `choose` gets those. Default false. */
  backchannel?: boolean;
  /** Feature tags that the camera is required to know; one that it refuses is done without, see `agreed` of the client. Default none. */
  require?: readonly string[];
  userAgent?: string;
  /** Default 5000. */
  connectTimeoutMs?: number;
  /** Default 5000, for each request. */
  requestTimeoutMs?: number;
  clock?: Clock;
  logger?: Logger;
  /** The tracks that were set up; before the first packet. */
  onTracks?: (tracks: RtspTrack[]) => void;
  /** One RTP packet, a view of the bytes received; `arrivalMs` is the clock's time at which they were read. */
  onRtp: (track: RtspTrack, packet: Buffer, arrivalMs: number) => void;
  /** One compound RTCP packet of the camera. */
  onRtcp?: (track: RtspTrack, packet: Buffer, arrivalMs: number) => void;
  /** The session ended after `start` had succeeded, and not by `close`. */
  onClose: (error: GatewayError) => void;
}

/** What a session had to step over. */
export interface RtspClientCounters extends InterleavedCounters {
  /** Datagrams that were not the camera's, or not of the stream. */
  datagramsRefused: number;
}
