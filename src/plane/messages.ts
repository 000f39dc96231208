import type { AdaptationPolicy, AdaptationStats } from '../base/adaptation.ts';
import type { Reason } from '../base/errors.ts';
import type { IceCandidate, IceServer } from '../base/ice.ts';
import type { ConfiguredIceServer } from '../base/turn-credentials.ts';
import type { RtspTransport, TlsPolicy } from '../base/rtsp-transport.ts';
import type { TranscodeMode } from '../base/transcode-mode.ts';
import type { TranscoderKind } from '../base/transcoders.ts';

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
  /** Its picture as the camera's configuration has it (`H264`, `H265`, ...; pixels), as far as that is known before it was pulled. */
  video?: { codec: string; width: number; height: number };
  /** Which input of an encoder or NVR it shows; profiles of one show the same. */
  videoSource?: string;
  /** Whether the profile has sound, as far as it is known before it was pulled. */
  audio?: boolean;
  /** The same of its metadata stream. */
  metadata?: boolean;
  /** What the camera's configuration limits its picture to, kbit/s, as far as it says so. */
  bitrateKbps?: number;
  /** As people know it, where that is not its token; a policy may name it so. */
  name?: string;
  /** Whether it plays what viewers say: it has an audio decoder, and talk-back is allowed. Absent: not. */
  talk?: boolean;
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
  /** Documents made of its events are metadata for those viewers whose profile has none of its own. Absent: not. */
  events?: boolean;
  /** Absent: as {@link MediaSettings} has it. */
  transcode?: TranscodeMode;
  /** What it says itself; the rest is as {@link MediaSettings} has it. */
  adaptation?: Partial<AdaptationPolicy>;
}

/** Settings that hold for the whole media plane. */
export interface MediaSettings {
  /** A profile without viewers stays pulled this long, milliseconds. */
  lingerMs: number;
  /** `always`: each camera's first profile stays pulled, so that its first viewer need not wait for the camera. */
  pull: 'on_demand' | 'always';
  /** Most bytes of the newest GOP kept for viewers that join. */
  keyframeCacheBytes: number;
  /** Sessions beyond this are refused (1001), over all cameras. */
  maxSessions: number;
  /** The same for one camera. */
  maxSessionsPerCamera: number;
  /** Of those cameras that do not say it themselves. */
  transcode: TranscodeMode;
  /** Of those cameras that do not say it themselves: whether viewers are shown what their paths carry. Absent: they are. */
  adaptive?: boolean;
  /** For the bench alone, no setting of the configuration: false has keyframes go to viewers at once, so that what the gateway itself takes can be measured. */
  pacing?: boolean;
  ice: IceSettings;
}

export interface IceSettings {
  /** UDP ports for ICE, inclusive; absent: whatever the system gives. */
  udpPorts?: { first: number; last: number };
  /** Names or addresses of the interfaces that give host candidates; absent: all but those of containers and loopback. */
  interfaces?: string[];
  /** Addresses announced in place of local ones (NAT 1:1). */
  advertise: AdvertisedAddress[];
  /** Only loopback candidates; for the demo and for tests. */
  loopbackOnly: boolean;
  /** Used before those that the signaling server gives. Those with a secret get their credentials anew for each session. */
  iceServers: ConfiguredIceServer[];
}

/** An address of a NAT that forwards the UDP ports. */
export interface AdvertisedAddress {
  address: string;
  /** There, the port that leads to the first of `udpPorts`; the others follow. Absent: they are the same. */
  firstPort?: number;
}

/** How a viewer is reached. */
export interface PathKind {
  /** Our candidate, as RFC 8445 calls it: `relay` goes through a TURN server of ours. */
  local: 'host' | 'srflx' | 'prflx' | 'relay';
  /** The viewer's, as far as it said. */
  remote: 'host' | 'srflx' | 'prflx' | 'relay';
  /** To the viewer, or to our TURN server. */
  transport: 'udp' | 'tcp' | 'tls';
}

export type ControlMessage =
  | { type: 'camera.set'; camera: CameraSource }
  | { type: 'camera.remove'; cameraId: string }
  | { type: 'session.open'; sessionId: string; cameraId: string; profile?: string; iceServers: IceServer[] }
  | { type: 'session.answer'; sessionId: string; answer: string; subprotocols: string[] }
  | { type: 'session.candidate'; sessionId: string; candidate: IceCandidate }
  | { type: 'session.close'; sessionId: string; reason: Reason }
  /** The viewer did not take the offer. */
  | { type: 'session.refused'; sessionId: string; reason: Reason }
  /** A transcoder ended that was not told to. */
  | { type: 'transcoder.failed'; transcoderId: string; reason: Reason }
  /** An XML document made of the camera's events, for all who listen ({@link MediaMessage} `metadata.listener`), or for the one session that is named. */
  | { type: 'metadata.document'; cameraId: string; document: string; sessionId?: string }
  /** A keyframe is wanted, answered by `snapshot`. `pull`: the profile is pulled for it; else only one that is kept will do. */
  | { type: 'snapshot.request'; requestId: number; cameraId: string; profile?: string; pull: boolean }
  /** The turn that was wanted: the camera may be connected to. */
  | { type: 'turn.given'; turnId: number }
  | { type: 'stats.request'; requestId: number }
  | { type: 'close' };

/** State of one pulled profile. */
export type StreamState = 'idle' | 'connecting' | 'playing' | 'failed';

export type MediaMessage =
  | { type: 'session.offer'; sessionId: string; offer: string; subprotocols: string[] }
  | { type: 'session.candidate'; sessionId: string; candidate: IceCandidate }
  | { type: 'session.candidate_refused'; sessionId: string; reason: Reason }
  | { type: 'session.state'; sessionId: string; state: SessionState; reason?: Reason }
  /** Something to tell the viewer that leaves the session as it is. */
  | { type: 'session.notice'; sessionId: string; reason: Reason }
  | { type: 'stream.state'; cameraId: string; profile: string; state: StreamState; reason?: Reason; media?: StreamMedia }
  | { type: 'keyframe.wanted'; cameraId: string; profile: string }
  /** A session begins or ceases to listen to documents made of the camera's events; its end is such an end, too. */
  | { type: 'metadata.listener'; cameraId: string; sessionId: string; listens: boolean }
  /** Without a keyframe where there is none. */
  | { type: 'snapshot'; requestId: number; keyframe?: Keyframe; reason?: Reason }
  /** An ffmpeg with these arguments is wanted; the control plane runs it, since a worker that dies would leave it behind. */
  | { type: 'transcoder.start'; transcoderId: string; kind: TranscoderKind; arguments: string[] }
  | { type: 'transcoder.stop'; transcoderId: string }
  /** A camera at this address is to be connected to; all workers wait in one line. */
  | { type: 'turn.wanted'; turnId: number; address: string }
  /** The camera is being connected to, or will not be: the next turn may be given. */
  | { type: 'turn.done'; turnId: number }
  /** ICE servers of a session that are left out, each with the reason. */
  | { type: 'ice_servers.unusable'; servers: string[] }
  | { type: 'stats'; requestId: number; stats: MediaStats }
  | { type: 'closed' };

export type SessionState = 'connecting' | 'live' | 'closed';

/** A picture that stands for itself. The one thing of a camera's media that leaves the media plane: one at a time, and when somebody asks. */
export interface Keyframe {
  /** Token of the profile. */
  profile: string;
  codec: 'H264' | 'H265' | 'MPEG4' | 'JPEG';
  /** As a file of the codec has it, parameter sets included: of H.264 and H.265 a byte stream (Annex B). */
  bytes: Uint8Array;
  /** When it was taken, by our clock, milliseconds since 1970. */
  takenAt: number;
}

/** What a profile turned out to carry once it was pulled. */
export interface StreamMedia {
  /** Encoding names as in SDP rtpmap (`H264`, `PCMU`, `vnd.onvif.metadata`); null where there is no such track. */
  video: string | null;
  audio: string | null;
  metadata: boolean;
  /** Viewers hear it: as it comes, or converted to Opus. */
  sound: boolean;
  /** What viewers will miss though the profile plays: its sound, or the order of its pictures. */
  warnings: Reason[];
}

export interface MediaStats {
  streams: StreamStats[];
  sessions: SessionStats[];
  /** Of cameras to which somebody has talked. */
  talks: TalkStats[];
  /** Of sessions that are over, summed for each camera that had one. */
  ended: (SessionCounters & AdaptationCounters & { cameraId: string; sessions: number })[];
}

/** What a camera costs the thread that it is in. */
export interface CameraCost {
  cameraId: string;
  /** Share of a core. */
  cost: number;
}

/** One worker thread of the media plane. */
export interface WorkerStats {
  /** False before its first camera, and until it is started again. */
  running: boolean;
  cameras: number;
  /** Times that it died. */
  restarts: number;
  /** Share of the time in which it was not idle, 0 to 1. */
  utilization: number;
  /** How late its timers were of late, milliseconds: 99 of 100 were no later. */
  delayMs: number;
  /** What its cameras would cost in sum were all of them watched, in cores: each as it was when it was last watched. */
  expected: number;
  /** Cameras that came to it from other workers. */
  moves: number;
}

/** What a session counts; never falls. */
export interface SessionCounters {
  packetsSent: number;
  /** Without IP and UDP headers. */
  bytesSent: number;
  packetsRetransmitted: number;
  /** Packets that the viewer asked for and was not sent again: too old by then, asked for too often, or above the bitrate that it allows. */
  retransmissionsRefused: number;
  /** Not sent: before the first keyframe, since the viewer could not follow, above the bitrate that it allows, left out by its rung, or since its path took none. */
  packetsDropped: number;
  /** Times that it was skipped to a keyframe, since its path took pictures too slowly, or since it said of none any more that it came. */
  skipsStalled: number;
  skipsSilent: number;
  /** PLI and FIR of the viewer. */
  keyframeRequests: number;
  metadataDocuments: number;
  metadataDropped: number;
}

/** Of what {@link SessionStats.adaptation} counts. */
export type AdaptationCounters = Pick<AdaptationStats, 'switches' | 'probes'>;

/** What is made of a stream for viewers who do not play it as it comes, once for all of them. */
export interface ConversionStats {
  kind: 'audio' | 'video';
  /** Encoding name, as in SDP rtpmap. */
  from: string;
  to: 'OPUS' | 'H264';
  state: 'starting' | 'running' | 'failed';
  /** Why it is `failed`, or leaves pictures out; else null. */
  reason: Reason | null;
  /** Times that its process was not the first. */
  restarts: number;
  /** Pieces of sound, or pictures, that no process took, or that were left out since it is too slow. */
  dropped: number;
  /** Of its process; null where there is none. */
  transcoderId: string | null;
  /** Share of a core that its process uses, of late; null where that is not known. The control plane alone knows it. */
  cpu: number | null;
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
  /** What its pictures take as viewers are sent them, with headers, over some groups of pictures: the last that was measured; null before. */
  measuredKbps: number | null;
  /** The camera's clock minus ours by its sender reports, milliseconds; null where it sends none or is not pulled. */
  clockOffsetMs: number | null;
  conversions: ConversionStats[];
  /** What those that there are and those that ended have {@link ConversionStats.dropped}. */
  conversionsDropped: number;
}

export interface SessionStats extends SessionCounters {
  sessionId: string;
  cameraId: string;
  /** That which is shown. */
  profile: string;
  /** That which was asked for; where the viewer does not play it, another may be shown. */
  requestedProfile: string;
  /** Of the pictures that are sent; null before the first. */
  videoCodec: 'H264' | 'H265' | null;
  /** They are not as the camera sent them. */
  videoConverted: boolean;
  /** Of the sound that is sent; null while none is, as to a viewer who takes none that there is. */
  audioCodec: 'OPUS' | 'PCMU' | 'PCMA' | null;
  state: SessionState;
  /** The camera hears this viewer. */
  talking: boolean;
  /** Milliseconds since 1970 at which the session was opened. */
  openedAt: number;
  /** Milliseconds from open to the first video packet sent; null before. */
  firstPacketMs: number | null;
  /** Share of packets lost as the viewer last reported, 0 to 1; null before. */
  fractionLost: number | null;
  roundTripMs: number | null;
  /** What the path to the viewer is estimated to carry, kbit/s; null while the viewer has said nothing of what came. */
  estimatedKbps: number | null;
  /** What is sent of late, all that goes by the path, kbit/s; null before it is live. */
  sentKbps: number | null;
  /** Of the pictures, by which the viewer's own statistics name them too. */
  videoSsrc: number;
  /** Null while there is none. */
  path: PathKind | null;
  /** Null where it is shown the same whatever its path carries, and before it is live. */
  adaptation: AdaptationStats | null;
}

/** Talk-back to one camera. What is counted never falls. */
export interface TalkStats {
  cameraId: string;
  /** Of the way to its loudspeaker; `failed` from a refusal on until it opens again. */
  state: 'idle' | 'opening' | 'open' | 'failed';
  /** Why it is `failed`; else null. */
  reason: Reason | null;
  /** The session that is heard now; null while nobody talks. */
  session: string | null;
  /** Times that somebody began to talk. */
  talks: number;
  /** Times that somebody was told that he is not heard. */
  refused: number;
  /** RTP packets to the camera. */
  packetsSent: number;
  /** Packets of viewers that never came, or too late. */
  packetsLost: number;
}
