import type { CameraInfo, DeviceStats, FoundDevice, SessionInfo, SignalingStats } from '../base/api.ts';
import type { TranscoderCosts } from '../base/transcoders.ts';
import type { CameraCost, MediaStats, WorkerStats } from '../plane/messages.ts';

/** What the HTTP server asks of the gateway: reads only, answered from memory but for pictures. */
export interface GatewayView {
  /** In the order of the config. */
  cameras(): CameraInfo[];
  sessions(): SessionInfo[];
  ready(): Readiness;
  /** Where a client of these cameras connects: a WebSocket URL, or a path on this server. */
  signaling(): string;
  mediaStats(): Promise<MediaStats>;
  /** Of the media plane's threads, in their order. */
  workerStats(): WorkerStats[];
  /** Of those cameras that were watched. */
  cameraCosts(): CameraCost[];
  transcoderCosts(): TranscoderCosts[];
  /** Of the cameras' device roles at their signaling servers. */
  deviceStats(): DeviceStats[];
  /** Of the embedded signaling server; undefined where there is none. */
  signalingStats(): SignalingStats | undefined;
  /** Devices that discovery sees and that are none of the cameras; undefined where discovery is off. */
  found(): FoundDevice[] | undefined;
  /**
   * A picture of a camera, undefined where there is no such camera; made when it is asked for, which takes some seconds.
   *
   * @param profile a token; absent: of whichever is at hand
   * @throws GatewayError `snapshot.no_profile`, `snapshot.busy`, `snapshot.timeout` or `snapshot.unavailable`
   */
  snapshot(cameraId: string, profile?: string): Promise<Snapshot> | undefined;
  discoveryStats(): DiscoveryStats | undefined;
}

/** A JPEG of a camera. */
export interface Snapshot {
  jpeg: Buffer;
  /** When it was taken, milliseconds since 1970; null where nobody says it. */
  takenAt: number | null;
}

/** What discovery sees now, and what it has counted since it started. */
export interface DiscoveryStats {
  devices: number;
  searches: number;
  ignored: number;
  refused: number;
}

/** `reasons` are sentences for the operator, empty when ready; they are shown without a token, so they name no camera. */
export interface Readiness {
  ready: boolean;
  reasons: string[];
}
