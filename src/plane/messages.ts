import type { Reason } from '../base/errors.ts';
import type { IceCandidate, IceServer } from '../base/ice.ts';
import type { RtspTransport, TlsPolicy } from '../base/rtsp-transport.ts';

/*
 * All that the control plane and the media plane say to each other: plain data that survives a structured clone, so that
 * the media plane can live in worker threads. Media packets never pass here.
 */

/** One media profile of a camera: what the media plane needs to pull it. */
export interface ProfileSource {
  /** ONVIF profile token; for an `rtsp:` camera the name given in the config (`main`, `sub`). */
  token: string;
  /** RTSP URI without credentials. */
  uri: string;
  /** Whether the profile has sound, as far as it is known before it was pulled. */
  audio?: boolean;
  /** The same of its metadata stream. */
  metadata?: boolean;
}

/** A camera as the media plane knows it. */
export interface CameraSource {
  id: string;
  /** The first is the default of a session that names no profile. */
  profiles: ProfileSource[];
  /** `digestOnly`: no config names the camera's address, so that the password is not told there in clear. */
  credentials?: { username: string; password: string; digestOnly?: boolean };
  /** Absent: `auto`. */
  transport?: RtspTransport;
  /** Absent: its certificate must be one that the system trusts. */
  tls?: TlsPolicy;
  /** The camera's clock minus ours in milliseconds, as measured by ONVIF GetSystemDateAndTime. */
  clockOffsetMs: number;
}

/** Settings that hold for the whole media plane. */
export interface MediaSettings {
  /** A profile without viewers stays pulled this long, milliseconds. */
  lingerMs: number;
  /** `always`: each camera's first profile stays pulled, so that its first viewer need not wait for the camera. */
  pull: 'on_demand' | 'always';
  /** Most bytes of the newest GOP kept for viewers that join. */
  keyframeCacheBytes: number;
  /** Sessions beyond this are refused (1001). */
  maxSessions: number;
  ice: IceSettings;
}

export interface IceSettings {
  /** UDP ports for ICE, inclusive; absent: whatever the system gives. */
  udpPorts?: { first: number; last: number };
  /** Addresses announced in place of local ones (NAT 1:1). */
  advertise: string[];
  /** Only loopback candidates; for the demo and for tests. */
  loopbackOnly: boolean;
  /** Used before those that the signaling server gives. */
  iceServers: IceServer[];
}

export type ControlMessage =
  | { type: 'camera.set'; camera: CameraSource }
  | { type: 'camera.remove'; cameraId: string }
  | { type: 'session.open'; sessionId: string; cameraId: string; profile?: string; iceServers: IceServer[] }
  | { type: 'session.answer'; sessionId: string; answer: string; subprotocols: string[] }
  | { type: 'session.candidate'; sessionId: string; candidate: IceCandidate }
  | { type: 'session.close'; sessionId: string; reason: Reason }
  | { type: 'stats.request'; requestId: number }
  | { type: 'close' };

/** State of one pulled profile. */
export type StreamState = 'idle' | 'connecting' | 'playing' | 'failed';

export type MediaMessage =
  | { type: 'session.offer'; sessionId: string; offer: string; subprotocols: string[] }
  | { type: 'session.candidate'; sessionId: string; candidate: IceCandidate }
  | { type: 'session.candidate_refused'; sessionId: string; reason: Reason }
  | { type: 'session.state'; sessionId: string; state: SessionState; reason?: Reason }
  | { type: 'stream.state'; cameraId: string; profile: string; state: StreamState; reason?: Reason; media?: StreamMedia }
  | { type: 'keyframe.wanted'; cameraId: string; profile: string }
  | { type: 'stats'; requestId: number; stats: MediaStats }
  | { type: 'closed' };

export type SessionState = 'connecting' | 'live' | 'closed';

/** What a profile turned out to carry once it was pulled. */
export interface StreamMedia {
  /** Encoding names as in SDP rtpmap (`H264`, `PCMU`, `vnd.onvif.metadata`); null where there is no such track. */
  video: string | null;
  audio: string | null;
  metadata: boolean;
  /** False where a browser cannot play the audio track as it comes. */
  audioPassed: boolean;
  /** What viewers will miss though the profile plays: its sound, or the order of its pictures. */
  warnings: Reason[];
}

export interface MediaStats {
  streams: StreamStats[];
  sessions: SessionStats[];
  /** Of sessions that are over, summed for each camera that had one. */
  ended: (SessionCounters & { cameraId: string; sessions: number })[];
}

/** What a session counts; never falls. */
export interface SessionCounters {
  packetsSent: number;
  bytesSent: number;
  packetsRetransmitted: number;
  packetsDropped: number;
  keyframeRequests: number;
  metadataDocuments: number;
  metadataDropped: number;
}

export interface StreamStats {
  cameraId: string;
  profile: string;
  state: StreamState;
  readers: number;
  /** Counted since the process started. */
  packetsReceived: number;
  packetsLost: number;
  packetsMalformed: number;
  bytesReceived: number;
  accessUnits: number;
  keyframes: number;
  /** Pictures not handed on: damaged, or without what they refer to. */
  accessUnitsDropped: number;
  metadataDropped: number;
  reconnects: number;
  /** Times the media stopped on a connection that stood. */
  stalls: number;
  /** Bytes between what could be read. */
  garbageBytes: number;
  /** The camera's clock minus ours by its sender reports, milliseconds; null where it sends none or is not pulled. */
  clockOffsetMs: number | null;
}

export interface SessionStats extends SessionCounters {
  sessionId: string;
  cameraId: string;
  profile: string;
  state: SessionState;
  /** Milliseconds since 1970 at which the session was opened. */
  openedAt: number;
  /** Milliseconds from open to the first video packet sent; null before. */
  firstPacketMs: number | null;
  /** Share of packets lost as the viewer last reported, 0 to 1; null before. */
  fractionLost: number | null;
  roundTripMs: number | null;
}
