import { JsonRpcError } from './json-rpc.ts';

/** The WebSocket subprotocol of ONVIF WebRTC signaling (section 5.1). */
export const SIGNALING_SUBPROTOCOL = 'webrtc.onvif.org';

/** The data channel subprotocol of gzip-compressed metadata (section 6.7). */
export const METADATA_SUBPROTOCOL = 'vnd.onvif.metadata+gzip';

/** Codes of ONVIF WebRTC (sections 5.2.2 to 5.2.8), and two of our own (503, 504) for what happens outside of the protocol. */
export const SignalingCode = {
  badRequest: 400,
  unauthorized: 401,
  forbidden: 403,
  notFound: 404,
  timeout: 408,
  gone: 410,
  unavailable: 480,
  serverUnreachable: 503,
  noMediaPath: 504,
  insufficientResources: 1001,
  peerDisconnected: 1002,
  malformedCandidate: 1003,
} as const;

const MAX_HELD = 256;

/** One sentence for people per code. 404 has none: what does not exist only the sender can say. */
const SENTENCES: Readonly<Record<number, string>> = {
  400: 'The request was not understood by the other side.',
  401: 'The token was not accepted.',
  403: 'The token does not allow this camera.',
  408: 'The other side did not answer in time.',
  410: 'The other side is gone.',
  480: 'The camera is not available right now.',
  503: 'The signaling server cannot be reached.',
  504: 'No network path to the camera was found.',
  1001: 'The camera has no room for another viewer right now.',
  1002: 'The other side lost its connection to the signaling server.',
  1003: 'A network candidate was malformed.',
};

/**
 * A fault of the signaling protocol: a code of {@link SignalingCode} (or whatever the other side sent) and a sentence for people.
 * Thrown by a handler it reaches the other side with both.
 */
export class SignalingError extends JsonRpcError {
  /** What the other side said in its own words, where it said something. */
  readonly detail: string | undefined;

  constructor(code: number, message?: string, detail?: string) {
    super(code, message ?? SENTENCES[code] ?? detail ?? `The signaling failed with code ${code}.`);
    this.name = 'SignalingError';
    this.detail = detail;
  }

  /** A fault that the other side sent, told in our own words where the code is known. */
  static from(error: unknown): SignalingError {
    if (error instanceof SignalingError) return error;
    if (error instanceof JsonRpcError) return new SignalingError(error.code, undefined, error.message);
    return new SignalingError(-32603, error instanceof Error ? error.message : String(error));
  }
}

/** A field that must be a string and not empty; 400 otherwise. */
export function readString(params: Record<string, unknown>, field: string): string {
  const value = params[field];
  if (typeof value !== 'string' || value === '') throw new SignalingError(400, `"${field}" must be a string that is not empty`);
  return value;
}

export function readOptionalString(params: Record<string, unknown>, field: string): string | undefined {
  const value = params[field];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** The strings of a list; what is no list is an empty one. At most 32 are kept. */
export function readStrings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((entry): entry is string => typeof entry === 'string').slice(0, 32) : [];
}

/** `expiryTimeSeconds`: undefined where there is none, which means no end. */
export function readExpirySeconds(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}

/** Holds actions back until {@link open}, then runs them in their order; afterwards at once. For messages that must not overtake an answer. */
export class Gate {
  readonly #held: (() => void)[] = [];
  #open = false;

  static opened(): Gate {
    const gate = new Gate();
    gate.open();
    return gate;
  }

  /** False where too many are held already: the action is dropped. */
  run(action: () => void): boolean {
    if (this.#open) action();
    else if (this.#held.length < MAX_HELD) this.#held.push(action);
    else return false;
    return true;
  }

  /** Like {@link run} for a request: it is sent within the order, and settles with its answer. */
  request<T>(send: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const held = this.run(() => void send().then(resolve, reject));
      if (!held) reject(new SignalingError(SignalingCode.insufficientResources, 'Too many messages are waiting'));
    });
  }

  open(): void {
    for (let action = this.#held.shift(); action !== undefined; action = this.#held.shift()) action();
    this.#open = true;
  }
}
