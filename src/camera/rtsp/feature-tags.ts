import type { RtspResponse } from './message.ts';

const OPTION_NOT_SUPPORTED = 551;
/** Where what is required makes a difference to what comes (ONVIF Streaming section 5.3 and 6). */
const METHODS = new Set(['DESCRIBE', 'SETUP', 'PLAY']);

/** What a session requires of a camera beyond RTSP (RFC 2326 section 12.32), for as long as the camera does not say that it has it not. */
export class FeatureTags {
  #tags: readonly string[];

  constructor(tags: readonly string[]) {
    this.#tags = tags;
  }

  /** What the camera has not refused so far. */
  get agreed(): readonly string[] {
    return this.#tags;
  }

  headers(method: string): [string, string][] {
    return METHODS.has(method) ? this.#tags.map((tag) => ['Require', tag]) : [];
  }

  /**
   * Takes back what an answer of 551 calls unsupported (section 12.41), or all where it names nothing that was required. True when the
   * request is to be sent again without.
   */
  takeBack(response: RtspResponse): boolean {
    if (response.status !== OPTION_NOT_SUPPORTED || this.#tags.length === 0) return false;
    const unsupported = response.headers.getAll('Unsupported').flatMap((value) => value.split(','));
    const names = new Set(unsupported.map((name) => name.trim().toLowerCase()));
    const left = this.#tags.filter((tag) => !names.has(tag.toLowerCase()));
    this.#tags = left.length < this.#tags.length ? left : [];
    return true;
  }
}
