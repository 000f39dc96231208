import type { IceCandidate, IceServer } from '../../base/ice.ts';

/*
 * What the kit needs of a viewer's connection: the W3C's RTCPeerConnection where it has something, and a way to ask for a keyframe, which it
 * has not. The kit itself knows no WebRTC stack; whoever runs it gives one.
 */

export interface MediaPeer {
  readonly connectionState: string;
  readonly localDescription: { readonly sdp: string } | null;
  setRemoteDescription(description: { type: 'offer'; sdp: string }): Promise<void>;
  createAnswer(): Promise<{ type: 'answer' | 'offer' | 'pranswer' | 'rollback'; sdp?: string }>;
  setLocalDescription(description: { type: 'answer' | 'offer' | 'pranswer' | 'rollback'; sdp?: string }): Promise<void>;
  addIceCandidate(candidate: IceCandidate): Promise<void>;
  addEventListener(type: 'icecandidate', listener: (event: { candidate: LocalCandidate | null }) => void): void;
  addEventListener(type: 'connectionstatechange', listener: () => void): void;
  /** `inbound-rtp` with `packetsReceived`, for video also `keyFramesDecoded`. */
  getStats(): Promise<Map<string, Record<string, unknown>>>;
  createDataChannel(label: string, options: { ordered: boolean; protocol: string }): MediaChannel;
  /** Sends a PLI (RFC 4585) or FIR (RFC 5104) for the video track that is received. */
  requestKeyframe(kind: 'pli' | 'fir'): void;
  close(): void;
}

export interface LocalCandidate {
  readonly candidate: string;
  readonly sdpMid: string | null;
  readonly sdpMLineIndex: number | null;
}

export interface MediaChannel {
  readonly readyState: string;
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void;
  close(): void;
}

export type CreateMediaPeer = (configuration: { iceServers: IceServer[] }) => MediaPeer;
