import { describeReason, GatewayError, type Reason, reasonOf } from '../base/errors.ts';
import { JsonRpcError, REQUEST_TIMEOUT } from '../base/json-rpc.ts';
import { SignalingCode, SignalingError } from '../base/signaling.ts';
import type { Logger } from '../base/log.ts';
import { printable } from '../base/printable.ts';
import { SaidLately } from '../base/said-lately.ts';
import type { MediaControl, MediaSession } from '../plane/media-control.ts';
import { viewerWords } from './viewer-words.ts';
import type { DeviceSession, DeviceSessionHost, SessionRequest, ToPeer } from '../signaling/device/session-seam.ts';

export interface CameraSessionHostOptions {
  cameraId: string;
  media: MediaControl;
  /** Profiles that can be asked for; empty while the camera has not told them. */
  profiles: () => readonly string[];
  /** Why the camera is not there; null where that is not known. */
  failure: () => Reason | null;
  logger: Logger;
}

/** Reasons that say that there is no path to the viewer, or none that carries media, so that only signaling can still reach it. */
const NO_PATH: ReadonlySet<string> = new Set([
  'session.ice',
  'session.dtls',
  'session.timeout',
  'session.lost',
  'session.no_reports',
  'session.nothing_arrives',
  'session.congestion',
]);

/** Reasons that say that the viewer takes nothing that it could be sent: the next session with it would end by the same. */
const UNUSABLE: ReadonlySet<string> = new Set(['session.answer', 'session.rejected', 'session.video_codec']);

/** Joins the device role of one camera to the media plane: one signaling session is one session there. */
export class CameraSessionHost implements DeviceSessionHost {
  readonly #options: CameraSessionHostOptions;
  readonly #refused = new SaidLately();
  #opened = 0;

  constructor(options: CameraSessionHostOptions) {
    this.#options = options;
  }

  open(request: SessionRequest, toPeer: ToPeer): DeviceSession {
    const { cameraId, logger } = this.#options;
    const profiles = this.#options.profiles();
    if (profiles.length === 0) {
      const failure = this.#options.failure() ?? { code: 'camera.connecting', message: '' };
      throw new SignalingError(SignalingCode.unavailable, viewerWords(failure));
    }
    if (request.profile !== undefined && !profiles.includes(request.profile)) {
      // Not one of the specification's codes for connect: 480 would say that it may come.
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
    const session: MediaSession = this.#openSession(
      { id, cameraId, iceServers: request.iceServers, ...(request.profile === undefined ? {} : { profile: request.profile }) },
      {
        offer: (offer, subprotocols) => {
          toPeer.invite(offer, subprotocols).then(
            ({ answer, subprotocols: accepted }) => session.answer(answer, accepted),
            (error: unknown) => {
              if (over) return;
              const reason = { code: 'session.invite', message: `The viewer did not take the invitation: ${messageOf(error)}` };
              // An invitation of a session that is live is for another network path: it goes on by the one that it has.
              if (live) {
                session.refused(reason);
                return;
              }
              over = true;
              session.close(reason);
              const untold = untoldFault(error);
              if (untold !== undefined) toPeer.error(untold.code, untold.message);
              toPeer.closed();
            },
          );
        },
        candidate: (candidate) => toPeer.trickle(candidate),
        candidateRefused: (reason) => toPeer.error(SignalingCode.malformedCandidate, reason.message),
        notice: (reason) => toPeer.error(codeOf(reason), reason.message),
        state: (state, reason) => {
          live = state === 'live';
          if (state === 'live') log.info(`A viewer watches ${cameraId}`);
          if (state !== 'closed') return;
          log.info({ reason }, `A viewer of ${cameraId} is gone: ${reason?.message ?? ''}`);
          if (over) return;
          over = true;
          if (reason !== undefined && reason.code !== 'session.left') toPeer.error(codeOf(reason), viewerWords(reason));
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

  #openSession(...session: Parameters<MediaControl['openSession']>): MediaSession {
    const { cameraId, media, logger } = this.#options;
    try {
      return media.openSession(...session);
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      const reason = reasonOf(error);
      const times = this.#refused.due(reason.message);
      if (times !== undefined) logger.warn({ reason, times }, `A viewer of ${cameraId} is refused: ${describeReason(reason)}`);
      throw new SignalingError(codeOf(reason), viewerWords(reason));
    }
  }
}

function codeOf(reason: Reason): number {
  if (NO_PATH.has(reason.code)) return SignalingCode.noMediaPath;
  if (reason.code === 'session.limit' || reason.code === 'session.no_port') return SignalingCode.insufficientResources;
  if (UNUSABLE.has(reason.code)) return SignalingCode.badRequest;
  if (reason.code === 'talk.busy') return SignalingCode.talkBusy;
  if (reason.code === 'talk.failed') return SignalingCode.talkFailed;
  return SignalingCode.unavailable;
}

/** What the viewer does not know of itself: that its answer could not be read, or comes too late. */
function untoldFault(error: unknown): JsonRpcError | undefined {
  if (error instanceof SignalingError) return error;
  return error instanceof JsonRpcError && error.code === REQUEST_TIMEOUT ? error : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
