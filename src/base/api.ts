import type { AdaptationStats } from './adaptation.ts';
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
  /** What viewers are shown in place of what they ask for, where their network carries no more. */
  ladders: LadderInfo[];
  talk: TalkInfo;
  /** Null where its events are not asked for (`events`). */
  events: EventsInfo | null;
}

/** Events of a camera as metadata. What is counted never falls. */
export interface EventsInfo {
  /** Of the subscription; `idle` while no viewer listens, `failed` is tried again. */
  state: 'idle' | 'connecting' | 'subscribed' | 'failed';
  /** Why it is `failed`; else null. */
  reason: Reason | null;
  /** Notifications of the camera, and those of them that cannot be passed on. */
  notifications: number;
  dropped: number;
  /** Documents made of them. */
  documents: number;
  /** Subscriptions made. */
  subscriptions: number;
}

/** Talk-back to a camera. */
export interface TalkInfo {
  /** Of the way to its loudspeaker; `failed` from a refusal on until somebody is heard again. */
  state: 'idle' | 'opening' | 'open' | 'failed';
  /** Why it is `failed`; else null. */
  reason: Reason | null;
  /** Somebody is heard now. */
  talking: boolean;
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
  /** Viewers may talk to the camera. */
  talk: boolean;
  stream: { state: 'idle' | 'connecting' | 'playing' | 'failed'; reason: Reason | null };
  /** What of it is converted now, for viewers who do not play it as it comes: once for all of them. */
  conversions: ConversionInfo[];
  /** What viewers will miss though the profile plays (sound in a codec of its own, B-frames), and what to set; known once it was pulled. */
  warnings: Reason[];
}

/** Profiles of one input and codec: a viewer of one of them may be shown a lower one. */
export interface LadderInfo {
  /** Null where the device has one input. */
  videoSource: string | null;
  /** As in SDP. */
  codec: string;
  /** By what they take, the lowest first. */
  rungs: {
    /** Its token. */
    profile: string;
    /** The pictures as viewers are sent them, with headers, when it was pulled last; null before. */
    measuredKbps: number | null;
    /** What the camera's configuration limits it to; null where it says nothing. */
    configuredKbps: number | null;
  }[];
}

export interface ConversionInfo {
  kind: 'audio' | 'video';
  /** Codecs, as in SDP. */
  from: string;
  to: 'OPUS' | 'H264';
  state: 'starting' | 'running' | 'failed';
  /** Why it is `failed`, or leaves pictures out since it is too slow; else null. */
  reason: Reason | null;
  /** Pieces of sound, or pictures, of which nothing was made. */
  dropped: number;
  /** Share of a core that it takes, of late; null while that is not known. */
  cpu: number | null;
}

/** `GET /api/sessions`; with `?videoSsrc=N`, which may be there several times, those sessions alone */
export interface SessionsAnswer {
  sessions: SessionInfo[];
}

export interface SessionInfo {
  id: string;
  camera: string;
  /** That which is shown. */
  profile: string;
  /** That which was asked for; a viewer that does not play it may be shown another. */
  requestedProfile: string;
  state: 'connecting' | 'live' | 'closed';
  /** Of the pictures that are sent; null before the first. */
  videoCodec: 'H264' | 'H265' | null;
  /** The gateway makes them of those of the camera, since the viewer does not play those. */
  videoConverted: boolean;
  /** Of the sound that is sent; null while none is: there is none, or the viewer takes no codec that it comes in or is made into. */
  audioCodec: 'OPUS' | 'PCMU' | 'PCMA' | null;
  /** This viewer is the one who is heard by the camera now. */
  talking: boolean;
  openedAt: string;
  firstPacketMs: number | null;
  packetsSent: number;
  bytesSent: number;
  packetsRetransmitted: number;
  packetsDropped: number;
  /** Times that it was skipped to a keyframe since its path took pictures too slowly. */
  skipsStalled: number;
  /** Times that it was skipped to a keyframe since it ceased to say that pictures arrive. */
  skipsSilent: number;
  keyframeRequests: number;
  fractionLost: number | null;
  roundTripMs: number | null;
  /** What the path to the viewer is estimated to carry, kbit/s; null while the viewer has said nothing of what came. What is sent may be much less. */
  estimatedKbps: number | null;
  /** What is sent of late, all that goes by the path, kbit/s; null before it is live. */
  sentKbps: number | null;
  /** SSRC of the pictures (RFC 3550), by which a viewer knows its own session: it stands in the offer. */
  videoSsrc: number;
  /** What was decided by that: which profile, how much of it, when and why. Null where nothing is decided: `adaptive: false`, or it is not live yet. */
  adaptation: AdaptationStats | null;
  /** How the viewer is reached, in ICE's words (RFC 8445): our candidate and its own, and by what to it or to our TURN server; null while it is not. */
  path: {
    local: 'host' | 'srflx' | 'prflx' | 'relay';
    remote: 'host' | 'srflx' | 'prflx' | 'relay';
    transport: 'udp' | 'tcp' | 'tls';
  } | null;
}

/** What the device role of one camera has counted since it started. */
export interface DeviceStats {
  /** Id of the camera. */
  camera: string;
  /** Connections to the signaling server on which no registration came about, whatever the cause. */
  failedAttempts: number;
  /** Registrations that ended because their connection did. */
  lostConnections: number;
  /** Frames of the signaling server that could not be read. */
  malformedFrames: number;
  /** Messages about sessions that do not exist, or do no more. */
  droppedMessages: number;
  /** Requests for a session that were refused, whatever the cause. */
  refusedSessions: number;
}

/** What the embedded signaling server holds now, and what it has counted since it started. */
export interface SignalingStats {
  connections: number;
  devices: number;
  clients: number;
  sessions: number;
  /** Sockets refused, cut off or not registered in time. */
  refusedConnections: number;
  refusedTokens: number;
  malformedFrames: number;
  droppedMessages: number;
}
