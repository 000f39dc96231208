import type { SessionInfo } from '../base/api.ts';
import { fetchSessions, SignalingError } from '../client/index.ts';

const TIMEOUT_MS = 1000;

/** What a gateway says of a viewer's own session, where the signaling server is one inside a gateway; one that answers something else is not asked again. */
export class OwnSession {
  readonly #gateway: URL | null;
  readonly #token: string | undefined;
  #isGateway = true;

  /** @param server URL of the signaling server */
  constructor(server: string, token: string | undefined) {
    this.#gateway = URL.parse(server.replace(/^ws/i, 'http'));
    this.#token = token;
  }

  /** Undefined where it is not known, or not yet. */
  async look(videoSsrc: number | null): Promise<SessionInfo | undefined> {
    if (!this.#isGateway || this.#gateway === null || videoSsrc === null) return undefined;
    try {
      const { sessions } = await fetchSessions(this.#gateway, this.#token, AbortSignal.timeout(TIMEOUT_MS), [videoSsrc]);
      return sessions.find((session) => session.videoSsrc === videoSsrc);
    } catch (error) {
      // On a narrow line an answer may be late.
      this.#isGateway = !(error instanceof SignalingError);
      return undefined;
    }
  }
}
