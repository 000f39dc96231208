import type { Reason } from '../base/errors.ts';
import { SignalingCode, SignalingError } from '../base/signaling.ts';
import type { Logger } from '../base/log.ts';
import { printable } from '../base/printable.ts';
import type { MediaControl, MediaSession } from '../plane/media-control.ts';
import type { DeviceSession, DeviceSessionHost, SessionRequest, ToPeer } from '../signaling/session-seam.ts';

export interface CameraSessionHostOptions {
  cameraId: string;
  media: MediaControl;
  /** Profiles that can be asked for; empty while the camera has not told them. */
  profiles: () => readonly string[];
  logger: Logger;
}

/** Reasons that say that there is no path to the viewer, so that only signaling can still reach it. */
const NO_PATH: ReadonlySet<string> = new Set(['session.ice', 'session.dtls', 'session.timeout']);

/** Joins the device role of one camera to the media plane: one signaling session is one session there. */
export class CameraSessionHost implements DeviceSessionHost {
  readonly #options: CameraSessionHostOptions;
  #opened = 0;

  constructor(options: CameraSessionHostOptions) {
    this.#options = options;
  }

  open(request: SessionRequest, toPeer: ToPeer): DeviceSession {
    const { cameraId, media, logger } = this.#options;
    const profiles = this.#options.profiles();
    if (profiles.length === 0) throw new SignalingError(SignalingCode.unavailable);
    if (request.profile !== undefined && !profiles.includes(request.profile)) {
      throw new SignalingError(
        SignalingCode.notFound,
        `The camera has no profile "${printable(request.profile)}"; it has ${profiles.map((token) => printable(token)).join(', ')}.`,
      );
    }
    // Servers of different cameras may give the same session id.
    this.#opened += 1;
    const id = `${cameraId}-${this.#opened}`;
    const log = logger.child({ session: id });
    let live = false;
    /** For the device role: it ended the session, or was told of its end. */
    let over = false;
    const session: MediaSession = media.openSession(
      { id, cameraId, iceServers: request.iceServers, ...(request.profile === undefined ? {} : { profile: request.profile }) },
      {
        offer: (offer, subprotocols) => {
          toPeer.invite(offer, subprotocols).then(
            ({ answer, subprotocols: accepted }) => session.answer(answer, accepted),
            (error: unknown) => {
              if (over) return;
              over = true;
              session.close({ code: 'session.invite', message: `The viewer did not take the invitation: ${messageOf(error)}` });
              toPeer.closed();
            },
          );
        },
        candidate: (candidate) => toPeer.trickle(candidate),
        candidateRefused: (reason) => toPeer.error(SignalingCode.malformedCandidate, reason.message),
        state: (state, reason) => {
          live = state === 'live';
          if (state === 'live') log.info(`A viewer watches ${cameraId}`);
          if (state !== 'closed') return;
          log.info({ reason }, `A viewer of ${cameraId} is gone: ${reason?.message ?? ''}`);
          if (over) return;
          over = true;
          if (reason !== undefined && reason.code !== 'session.left') toPeer.error(codeOf(reason), reason.message);
          toPeer.closed();
        },
      },
    );
    return {
      addCandidate: (candidate) => session.addCandidate(candidate),
      get live() {
        return live;
      },
      close: (reason) => {
        over = true;
        session.close(reason);
      },
    };
  }
}

function codeOf(reason: Reason): number {
  if (NO_PATH.has(reason.code)) return SignalingCode.noMediaPath;
  if (reason.code === 'session.limit' || reason.code === 'session.no_port') return SignalingCode.insufficientResources;
  if (reason.code === 'session.answer') return SignalingCode.badRequest;
  return SignalingCode.unavailable;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
