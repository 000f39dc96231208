import type { IceServer } from '../base/ice.ts';
import type { RtspTransport, TlsPolicy } from '../base/rtsp-transport.ts';
import type { Credentials, HostAndPort, OnvifAddress } from './addresses.ts';

/** What the config file says, checked, with secrets in place and in the units that the code uses. */
export interface GatewayConfig {
  /** Of the HTTP server; port 0: whatever the system gives. */
  listen: HostAndPort;
  /** Those that open everything come first. Empty: whoever reaches the address may watch, which is allowed on loopback only. */
  viewerTokens: ViewerToken[];
  /** Where cameras register that name no server of their own; absent: at the embedded server. */
  signaling?: SignalingConfig;
  media: MediaConfig;
  /** Absent: switched off. */
  discovery?: DiscoveryConfig;
  /** Where what was learned of cameras is kept over restarts; absent: nowhere. */
  stateDirectory?: string;
  /** At least one, unless found cameras are adopted; ids are unique. */
  cameras: CameraConfig[];
}

export interface DiscoveryConfig {
  /** Which of the cameras that are found are served without standing in the list; a camera must fit one of the filters. */
  adopt: 'none' | 'all' | AdoptFilter[];
  /** Of adopted cameras. */
  credentials?: Credentials;
  /** Names or addresses of interfaces; absent: all. */
  interfaces?: string[];
}

/** What is given must all fit; `*` stands for any characters. */
export interface AdoptFilter {
  name?: string;
  model?: string;
  /** Or a network (CIDR). */
  address?: string;
}

export interface ViewerToken {
  token: string;
  /** Ids of the cameras that it opens; absent: all. */
  cameras?: string[];
}

export interface SignalingConfig {
  /** WebSocket URL. */
  server: string;
  token?: string;
}

/** Settings of the media plane, in the shape of its messages. */
export interface MediaConfig {
  pull: 'on_demand' | 'always';
  lingerMs: number;
  keyframeCacheBytes: number;
  maxSessions: number;
  ice: {
    /** Inclusive; absent: whatever the system gives. */
    udpPorts?: { first: number; last: number };
    advertise: string[];
    loopbackOnly: false;
    iceServers: IceServer[];
  };
}

export interface CameraConfig {
  camera: CameraSourceConfig;
  /** Its own place at a signaling server; absent: that of all cameras. */
  signaling?: SignalingConfig;
}

interface CameraBasics {
  id: string;
  name: string;
  credentials?: Credentials;
  /** Absent: `auto`. */
  transport?: RtspTransport;
  /** Absent: its certificate must be one that the system trusts. */
  tls?: TlsPolicy;
}

/** A camera is given by its ONVIF device, or by RTSP URLs (without credentials) whose keys serve as profile tokens. */
export type CameraSourceConfig = CameraBasics &
  (
    | { onvif: OnvifAddress; videoSource?: number; endpointReference?: string; rtsp?: undefined }
    | { rtsp: Record<string, string>; onvif?: undefined; videoSource?: undefined }
  );
