import type { IceCandidate, IceServer } from '../base/ice.ts';

/*
 * The part of the W3C's RTCPeerConnection that the client uses. A browser's own fits as it is; in Node whatever has this shape does.
 */

export interface PeerConnection {
  readonly connectionState: string;
  readonly localDescription: { readonly sdp: string } | null;
  setRemoteDescription(description: SessionDescription): Promise<void>;
  createAnswer(): Promise<SessionDescription>;
  setLocalDescription(description: SessionDescription): Promise<void>;
  addIceCandidate(candidate: IceCandidate): Promise<void>;
  createDataChannel(label: string, options: { ordered: boolean; protocol: string }): DataChannel;
  /** Absent where there is no way to send. */
  getTransceivers?(): readonly Transceiver[];
  /** Absent where nothing is known of when pictures were taken. */
  getReceivers?(): readonly Receiver[];
  getStats(): Promise<StatsReport>;
  close(): void;
  addEventListener(type: 'icecandidate', listener: (event: { candidate: LocalCandidate | null }) => void): void;
  addEventListener(type: 'track', listener: (event: { track: Track }) => void): void;
  addEventListener(type: 'datachannel', listener: (event: { channel: DataChannel }) => void): void;
  addEventListener(type: 'connectionstatechange', listener: () => void): void;
}

/** The part of the W3C's RTCRtpTransceiver that the client uses. */
export interface Transceiver {
  readonly mid: string | null;
  direction: string;
  readonly sender: TrackSender;
}

/** The part of the W3C's RTCRtpReceiver that the client uses. */
export interface Receiver {
  readonly track: Track;
  getSynchronizationSources(): readonly SynchronizationSource[];
}

/** The part of the W3C's RTCRtpSynchronizationSource that the client uses: of what is played now. */
export interface SynchronizationSource {
  /** When it was handed out to be played, milliseconds since 1970. */
  readonly timestamp: number;
  readonly rtpTimestamp: number;
  /** When it was taken, milliseconds since 1900 by the sender's clock; only where the sender says so (abs-capture-time). */
  readonly captureTimestamp?: number;
}

export interface TrackSender {
  /** In a browser the track must be a MediaStreamTrack. */
  replaceTrack(track: Track | null): Promise<void>;
}

/** W3C RTCSessionDescriptionInit. */
export interface SessionDescription {
  type: 'answer' | 'offer' | 'pranswer' | 'rollback';
  sdp?: string;
}

export interface PeerConnectionConfiguration {
  iceServers: IceServer[];
}

export interface LocalCandidate {
  readonly candidate: string;
  readonly sdpMid: string | null;
  readonly sdpMLineIndex: number | null;
  readonly usernameFragment?: string | null;
}

/** In a browser a MediaStreamTrack; in Node what the factory's connection makes. */
export interface Track {
  readonly kind: string;
  readonly id: string;
}

export interface DataChannel {
  binaryType: string;
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void;
  close(): void;
}

/** W3C RTCStatsReport; a Map of statistics by id fits. */
export interface StatsReport {
  forEach(visit: (statistics: Record<string, unknown>) => void): void;
}

/** The part of WebSocket that the client uses. */
export interface Socket {
  readonly readyState: number;
  send(text: string): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: 'open' | 'close' | 'error', listener: () => void): void;
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void;
}
