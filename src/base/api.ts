import type { Reason } from './errors.ts';

/* The shapes of `/api/*`, shared by the server that answers and the page that asks. Part of what users rely on. */

/** `GET /api/cameras` */
export interface CamerasAnswer {
  /** The gateway's clock, milliseconds since 1970, for a page that wants to know how far its own is off. */
  now: number;
  /** Where a client connects for all cameras that name no server of their own: a WebSocket URL, or a path on this server. */
  signaling: string;
  cameras: CameraInfo[];
  /** Devices that discovery sees and that are none of the cameras; absent where discovery is off, and for tokens of single cameras. */
  found?: FoundDevice[];
}

/** An ONVIF device on the network that is not in the config. All texts are its own, in one line each. */
export interface FoundDevice {
  endpointReference: string;
  /** Host (and port) of its ONVIF device service. */
  address: string;
  name: string | null;
  /** Mostly its model. */
  hardware: string | null;
  location: string | null;
  /** ISO 8601 time at which it was first heard of since the gateway started. */
  since: string;
  /** Lines to paste below `cameras:` of the config. */
  yaml: string;
}

/**
 * A camera is `connecting` until ONVIF (or the config) said what profiles it has, also while it waits for its turn; `failed` says why and is
 * retried. One of kind `rtsp` is contacted only when it is pulled: it is `connecting` during its first pull, and `failed` from one that
 * fails until one that plays.
 */
export type CameraState = 'connecting' | 'online' | 'failed';

export interface CameraInfo {
  id: string;
  name: string;
  state: CameraState;
  /** ISO 8601 time of the last change of `state`. */
  since: string;
  /** Why the camera is not `online`; null when it is. */
  reason: Reason | null;
  /** The peer id that the signaling server assigned; null while not registered. */
  peer: string | null;
  /** `server` is where a client connects for this camera: a WebSocket URL without user info and query, or a path on this server. */
  signaling: { state: 'connecting' | 'registered' | 'failed'; server: string; reason: Reason | null };
  /** Host (and port) of the camera, without credentials: where it is now. */
  address: string;
  /** The address that the config says, where the camera was found at another one; else null. */
  configuredAddress: string | null;
  /** True for a camera that stands in no list: discovery found it, and the config says to take it. */
  adopted: boolean;
  /** `onvif` or `rtsp`, as the config says. */
  kind: 'onvif' | 'rtsp';
  manufacturer: string | null;
  model: string | null;
  firmware: string | null;
  profiles: ProfileInfo[];
  /** The camera's clock minus the gateway's, milliseconds; null where unknown. */
  clockOffsetMs: number | null;
  viewers: number;
}

export interface ProfileInfo {
  token: string;
  name: string;
  /** As the camera's configuration says, else as the stream turned out to be; null while nothing is known. */
  video: {
    codec: string;
    width: number | null;
    height: number | null;
    framesPerSecond: number | null;
    bitrateKbps: number | null;
  } | null;
  audio: { codec: string } | null;
  metadata: boolean;
  stream: { state: 'idle' | 'connecting' | 'playing' | 'failed'; reason: Reason | null };
  /** What viewers will miss though the profile plays (sound in a codec of its own, B-frames), and what to set; known once it was pulled. */
  warnings: Reason[];
}

/** `GET /api/sessions` */
export interface SessionsAnswer {
  sessions: SessionInfo[];
}

export interface SessionInfo {
  id: string;
  camera: string;
  profile: string;
  state: 'connecting' | 'live' | 'closed';
  openedAt: string;
  firstPacketMs: number | null;
  packetsSent: number;
  bytesSent: number;
  packetsRetransmitted: number;
  packetsDropped: number;
  keyframeRequests: number;
  fractionLost: number | null;
  roundTripMs: number | null;
}
