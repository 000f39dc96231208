import type { Reason } from '../../base/errors.ts';
import type { IceCandidate, IceServer } from '../../base/ice.ts';

/* What the device role knows of media: sessions behind this seam, which the gateway fills with its media plane. */

/** What the device role asks of the gateway. */
export interface DeviceSessionHost {
  /**
   * Accepts a session, at once and without waiting for media, or throws a SignalingError (480 not available, 1001 no room).
   * What the host says to the peer before the answer to connect went out is held back until then.
   */
  open(request: SessionRequest, toPeer: ToPeer): DeviceSession;
}

export interface SessionRequest {
  session: string;
  /** ONVIF profile token; absent: the host's choice. */
  profile?: string;
  iceServers: IceServer[];
}

/** Device to client. */
export interface ToPeer {
  /**
   * Rejects with a JsonRpcError: the client's or server's own (400), 408 not in time, 410 gone. It is a SignalingError where the answer
   * could not be read, of which the client does not know.
   */
  invite(offer: string, subprotocols: string[]): Promise<{ answer: string; subprotocols: string[] }>;
  trickle(candidate: IceCandidate): void;
  /** Tells the peer what went wrong; the session is not over by that. */
  error(code: number, message: string): void;
  /** The session is over on the host's side, whatever the cause: the device role forgets it. */
  closed(): void;
}

/** Client to device. */
export interface DeviceSession {
  /** Also before the answer; the host orders. An empty candidate says that there are no more. */
  addCandidate(candidate: IceCandidate): void;
  /** The peer-to-peer connection stands, so that the session outlives both signaling sockets. */
  readonly live: boolean;
  close(reason: Reason): void;
}
