import type { Reason } from '../base/errors.ts';

export interface Target {
  server: string;
  peer: string;
  profile: string | null;
  token: string | null;
}

/** What the page needs of one session of the signaling client. */
export interface ViewerSession {
  readonly peerConnection: RTCPeerConnection | null;
  onStream(listener: (stream: MediaStream) => void): void;
  /** The session is over or never came about. */
  onLost(listener: (reason: Reason) => void): void;
  /** Null once it is over. */
  statistics(): Promise<Iterable<RTCStats> | null>;
  close(): void;
}

export function openSession(_target: Target): ViewerSession {
  const reason: Reason = { code: 'signaling.unreachable', message: 'The signaling server does not answer', advice: 'Check that the gateway runs.' };
  return { peerConnection: null, onStream: () => {}, onLost: (l) => void setTimeout(() => l(reason), 100), statistics: () => Promise.resolve(null), close: () => {} };
}
