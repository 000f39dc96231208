import type { CameraInfo, FoundDevice, SessionInfo } from '../base/api.ts';
import type { MediaStats } from '../plane/messages.ts';

/** What the HTTP server asks of the gateway: reads only, always answered from memory. */
export interface GatewayView {
  /** In the order of the config. */
  cameras(): CameraInfo[];
  sessions(): SessionInfo[];
  ready(): Readiness;
  /** Where a client of these cameras connects: a WebSocket URL, or a path on this server. */
  signaling(): string;
  mediaStats(): Promise<MediaStats>;
  /** Of the embedded signaling server; undefined where there is none. */
  signalingStats(): SignalingStats | undefined;
  /** Devices that discovery sees and that are none of the cameras; undefined where discovery is off. */
  found(): FoundDevice[] | undefined;
  discoveryStats(): DiscoveryStats | undefined;
}

/** What discovery sees now, and what it has counted since it started. */
export interface DiscoveryStats {
  devices: number;
  searches: number;
  ignored: number;
  refused: number;
}

/** What the embedded signaling server holds now, and what it has counted since it started. */
export interface SignalingStats {
  connections: number;
  devices: number;
  clients: number;
  sessions: number;
  refusedConnections: number;
  refusedTokens: number;
  malformedFrames: number;
  droppedMessages: number;
}

/** `reasons` are sentences for the operator, empty when ready; they are shown without a token, so they name no camera. */
export interface Readiness {
  ready: boolean;
  reasons: string[];
}
