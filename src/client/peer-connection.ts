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
  getStats(): Promise<StatsReport>;
  close(): void;
  addEventListener(type: 'icecandidate', listener: (event: { candidate: LocalCandidate | null }) => void): void;
  addEventListener(type: 'track', listener: (event: { track: Track }) => void): void;
  addEventListener(type: 'connectionstatechange', listener: () => void): void;
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
