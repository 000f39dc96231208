import type { AdaptationPolicy } from '../base/adaptation.ts';
import type { ConfiguredIceServer } from '../base/turn-credentials.ts';
import type { RtspTransport, TlsPolicy } from '../base/rtsp-transport.ts';
import type { TalkMode } from '../base/talk-mode.ts';
import type { TranscodeMode } from '../base/transcode-mode.ts';
import type { AdvertisedAddress, Credentials, HostAndPort, OnvifAddress } from './addresses.ts';
import type { TlsFiles } from './tls-files.ts';

/** What the config file says, checked, with secrets in place and in the units that the code uses. */
export interface GatewayConfig {
  /** Of the HTTP server; port 0: whatever the system gives. */
  listen: HostAndPort;
  /** Those that open everything come first. Empty: whoever reaches the address may watch unless there is `jwt`, which is allowed on loopback only. */
  viewerTokens: ViewerToken[];
  /** Absent: there are only the tokens above. */
  jwt?: JwtConfig;
  /** Sessions at the embedded server end after this long unless the client extends them; absent: they have no end. */
  sessionLifetimeSeconds?: number;
  /** Absent: HTTP in clear, on loopback only. */
  tls?: HttpTlsConfig;
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

/** JSON Web Tokens (RFC 7519) of an issuer, who shares a secret with the gateway or tells its public keys. */
export interface JwtConfig {
  secret?: string;
  /** In place of the secret: URL or path of a JSON Web Key Set (RFC 7517). */
  jwks?: string;
  /** What the claim `iss` must be; absent: anything. */
  issuer?: string;
  /** What must be in the claim `aud`; absent: anything. */
  audience?: string;
}

/** Paths of files in PEM. */
export interface HttpTlsConfig {
  cert: string;
  key: string;
}

export interface SignalingConfig {
  /** WebSocket URL. */
  server: string;
  /** Of the three the one that there is; none: without a token. */
  token?: string;
  /** Path of the file that holds the token, which is read before each connection. */
  tokenFile?: string;
  oauth?: OAuthConfig;
  /** How the token is shown when the socket is opened (RFC 6750); absent: `header`. */
  authorization?: 'header' | 'query';
  tls?: TlsFiles;
}

/** Where a token is got by client credentials (RFC 6749 section 4.4). */
export interface OAuthConfig {
  /** Its metadata (RFC 8414) tell the token endpoint. One of the two is there. */
  issuer?: string;
  tokenEndpoint?: string;
  client: OAuthClient;
  scope?: string;
  /** The parameter `audience`, by which several servers want to know for whom the token is. */
  audience?: string;
}

/** A client of an authorization server, and how it shows that it is that client. */
export type OAuthClient = { id: string } & (
  | { method: 'client_secret_basic' | 'client_secret_post'; secret: string | { file: string } }
  | { method: 'private_key_jwt'; keyFile: string; keyId?: string }
);

/** Settings of the media plane, in the shape of its messages. */
export interface MediaConfig {
  pull: 'on_demand' | 'always';
  lingerMs: number;
  keyframeCacheBytes: number;
  maxSessions: number;
  maxSessionsPerCamera: number;
  transcode: TranscodeMode;
  /** Whether viewers are shown what their paths carry. */
  adaptive: boolean;
  /** Threads for the media plane; 0: none. Absent: as many as the machine has cores for. */
  workers?: number;
  ice: {
    /** Inclusive; absent: whatever the system gives. */
    udpPorts?: { first: number; last: number };
    /** Names or addresses; absent: all. */
    interfaces?: string[];
    advertise: AdvertisedAddress[];
    loopbackOnly: false;
    /** Those with a secret get their credentials anew for each session. */
    iceServers: ConfiguredIceServer[];
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
  /** Absent: `auto`. */
  talk?: TalkMode;
  /** Absent: as {@link MediaConfig} has it. */
  transcode?: TranscodeMode;
  /** What it says itself; the rest is as {@link MediaConfig} has it. */
  adaptation?: Partial<AdaptationPolicy>;
  /** Absent: false. */
  events?: boolean;
  /** Absent: its certificate must be one that the system trusts. */
  tls?: TlsPolicy;
}

/** A camera is given by its ONVIF device, or by RTSP URLs (without credentials) whose keys serve as profile tokens. */
export type CameraSourceConfig = CameraBasics &
  (
    | { onvif: OnvifAddress; videoSource?: number; endpointReference?: string; rtsp?: undefined }
    | { rtsp: Record<string, string>; onvif?: undefined; videoSource?: undefined }
  );
