import type { CameraInfo, DeviceStats, FoundDevice, SessionInfo, SignalingStats } from '../../../src/base/api.ts';
import type { TranscoderCosts } from '../../../src/base/transcoders.ts';
import type { DiscoveryStats, GatewayView, Readiness, Snapshot } from '../../../src/http/gateway-view.ts';
import type { CameraCost, MediaStats, SessionStats, StreamStats, WorkerStats } from '../../../src/plane/messages.ts';

/** A gateway whose answers a test sets. */
export class StubView implements GatewayView {
  cameraList: CameraInfo[] = [];
  sessionList: SessionInfo[] = [];
  readiness: Readiness = { ready: true, reasons: [] };
  devices: DeviceStats[] = [];
  workers: WorkerStats[] = [];
  costs: CameraCost[] = [];
  transcoders: TranscoderCosts[] = [];
  signalingServer: SignalingStats | undefined;
  foundDevices: FoundDevice[] | undefined;
  discovery: DiscoveryStats | undefined;
  stats: MediaStats = { streams: [], sessions: [], talks: [], ended: [] };

  /** By camera; what is thrown is an error. */
  snapshots = new Map<string, (profile?: string) => Promise<Snapshot>>();

  cameras(): CameraInfo[] {
    return this.cameraList;
  }

  sessions(): SessionInfo[] {
    return this.sessionList;
  }

  ready(): Readiness {
    return this.readiness;
  }

  signaling(): string {
    return '/signaling';
  }

  mediaStats(): Promise<MediaStats> {
    return Promise.resolve(this.stats);
  }

  transcoderCosts(): TranscoderCosts[] {
    return this.transcoders;
  }

  workerStats(): WorkerStats[] {
    return this.workers;
  }

  cameraCosts(): CameraCost[] {
    return this.costs;
  }

  deviceStats(): DeviceStats[] {
    return this.devices;
  }

  signalingStats(): SignalingStats | undefined {
    return this.signalingServer;
  }

  found(): FoundDevice[] | undefined {
    return this.foundDevices;
  }

  snapshot(cameraId: string, profile?: string): Promise<Snapshot> | undefined {
    return this.snapshots.get(cameraId)?.(profile);
  }

  discoveryStats(): DiscoveryStats | undefined {
    return this.discovery;
  }
}

export function cameraInfo(change: Partial<CameraInfo> = {}): CameraInfo {
  return {
    id: 'front-door',
    name: 'Front door',
    state: 'online',
    since: '2026-11-21T10:00:00.000Z',
    reason: null,
    peer: 'peer-1',
    signaling: { state: 'registered', server: '/signaling', reason: null },
    address: '192.0.2.20',
    configuredAddress: null,
    adopted: false,
    kind: 'onvif',
    manufacturer: 'Acme',
    model: 'Dome 1',
    firmware: '1.0',
    profiles: [],
    clockOffsetMs: 0,
    viewers: 0,
    ladders: [],
    talk: { state: 'idle', reason: null, talking: false },
    events: null,
    ...change,
  };
}

export function streamStats(change: Partial<StreamStats> = {}): StreamStats {
  return {
    cameraId: 'front-door',
    profile: 'main',
    state: 'playing',
    readers: 1,
    packetsReceived: 0,
    packetsLost: 0,
    packetsMalformed: 0,
    bytesReceived: 0,
    accessUnits: 0,
    keyframes: 0,
    accessUnitsDropped: 0,
    metadataDropped: 0,
    reconnects: 0,
    stalls: 0,
    garbageBytes: 0,
    measuredKbps: null,
    clockOffsetMs: null,
    conversions: [],
    conversionsDropped: 0,
    ...change,
  };
}

export function sessionStats(change: Partial<SessionStats> = {}): SessionStats {
  return {
    sessionId: 's1',
    cameraId: 'front-door',
    profile: 'main',
    requestedProfile: 'main',
    videoCodec: 'H264',
    videoConverted: false,
    audioCodec: null,
    state: 'live',
    openedAt: 0,
    firstPacketMs: 12,
    packetsSent: 0,
    bytesSent: 0,
    packetsRetransmitted: 0,
    retransmissionsRefused: 0,
    packetsDropped: 0,
    skipsStalled: 0,
    skipsSilent: 0,
    keyframeRequests: 0,
    fractionLost: 0,
    roundTripMs: 1,
    estimatedKbps: 4200,
    sentKbps: 2100,
    videoSsrc: 7001,
    path: null,
    talking: false,
    adaptation: null,
    metadataDocuments: 0,
    metadataDropped: 0,
    ...change,
  };
}

export function sessionInfo(change: Partial<SessionInfo> = {}): SessionInfo {
  const { sessionId, cameraId, openedAt, ...counters } = sessionStats();
  return { ...counters, id: sessionId, camera: cameraId, openedAt: new Date(openedAt).toISOString(), ...change };
}
