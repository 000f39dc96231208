import { type ConnectOptions, OnvifSession } from './session.ts';

export type { CameraInfo, CamerasAnswer, CameraState, ProfileInfo, SessionInfo, SessionsAnswer } from '../base/api.ts';
export type { IceCandidate, IceServer } from '../base/ice.ts';
export { SignalingCode, SignalingError } from '../base/signaling.ts';
export { fetchCameras, fetchSessions } from './gateway-api.ts';
export type {
  DataChannel,
  LocalCandidate,
  PeerConnection,
  PeerConnectionConfiguration,
  Receiver,
  SessionDescription,
  Socket,
  StatsReport,
  SynchronizationSource,
  Track,
  TrackSender,
  Transceiver,
} from './peer-connection.ts';
export type { ConnectOptions, OnvifSession, SessionEvents, SessionState } from './session.ts';
export type { PlayoutReport, SessionStatistics } from './statistics.ts';

/**
 * Watches one camera through any signaling server of the ONVIF WebRTC specification.
 *
 * ```ts
 * const session = connect('wss://nvr.example.com/signaling', { peer: 'front-door', token });
 * video.srcObject = session.stream;
 * session.on('error', (error) => show(error.message));
 * session.on('metadata', (xml) => drawBoxes(xml));
 * ```
 */
export function connect(server: string, options: ConnectOptions): OnvifSession {
  const session = new OnvifSession(server, options);
  session.start();
  return session;
}
