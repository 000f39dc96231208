import { JsonRpcError } from './json-rpc.ts';

/** The WebSocket subprotocol of ONVIF WebRTC signaling (section 5.1). */
export const SIGNALING_SUBPROTOCOL = 'webrtc.onvif.org';

/** The data channel subprotocol of gzip-compressed metadata (section 6.7). */
export const METADATA_SUBPROTOCOL = 'vnd.onvif.metadata+gzip';

/**
 * Codes of ONVIF WebRTC (sections 5.2.2 to 5.2.8); two of our own (503, 504) for what happens outside of the protocol; and two of SIP's
 * as error notifications about a session that goes on: 486 "busy here" (RFC 3261 section 21.4.24), somebody else is talking to the camera; 488 "not
 * acceptable here" (section 21.4.26), it takes no speech.
 */
export const SignalingCode = {
  badRequest: 400,
  unauthorized: 401,
  forbidden: 403,
  notFound: 404,
  timeout: 408,
  gone: 410,
  unavailable: 480,
  talkBusy: 486,
  talkFailed: 488,
  serverUnreachable: 503,
  noMediaPath: 504,
  insufficientResources: 1001,
  peerDisconnected: 1002,
  malformedCandidate: 1003,
} as const;

const MAX_HELD = 256;

/** One sentence for people per code. 404 has none: what does not exist only the sender can say. */
const SENTENCES: Readonly<Record<number, string>> = {
  400: 'The other side cannot do what it was asked for.',
  401: 'The token was not accepted.',
  403: 'The token does not allow this camera.',
  408: 'The other side did not answer in time.',
  410: 'The other side is gone.',
  480: 'The camera is not available right now.',
  486: 'Somebody else is talking to the camera.',
  488: 'The camera cannot be talked to.',
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

/**
 * Whether an error notification (section 5.2.8) ends the session that it is about.
 *
 * @param live the peer-to-peer connection stands: it outlives a peer's connection to the signaling server (chapter 5)
 */
export function endsSession(code: number, live: boolean): boolean {
  // Codes below zero are JSON-RPC's, about one message that was not understood.
  if (code < 0 || code === SignalingCode.malformedCandidate) return false;
  if (code === SignalingCode.talkBusy || code === SignalingCode.talkFailed) return false;
  return code !== SignalingCode.peerDisconnected || !live;
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

/** `profile` of connect; undefined where it is absent or empty. What is no string is refused (400): another profile is not what was asked for. */
export function readProfile({ profile }: Record<string, unknown>): string | undefined {
  if (profile === undefined || profile === null || profile === '') return undefined;
  if (typeof profile !== 'string') throw new SignalingError(400, '"profile" must be a string');
  return profile;
}

/** The strings of a list; what is no list is an empty one. At most 32 are kept. */
export function readStrings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((entry): entry is string => typeof entry === 'string').slice(0, 32) : [];
}

/** `expiryTimeSeconds`: undefined where there is none, which means no end. A number written as a string is tolerated. */
export function readExpirySeconds(value: unknown): number | undefined {
  const seconds = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
  return typeof seconds === 'number' && Number.isFinite(seconds) && seconds >= 0 ? seconds : undefined;
}

/**
 * `expiryTimeSeconds` of a request to a device. A limit that cannot be understood is refused (400), since without it a session that was to
 * end would never do so.
 */
export function readExpiry(params: Record<string, unknown>): number | undefined {
  const value = params['expiryTimeSeconds'];
  if (value === undefined || value === null) return undefined;
  const seconds = readExpirySeconds(value);
  if (seconds === undefined) throw new SignalingError(400, '"expiryTimeSeconds" must be a number that is not negative');
  return seconds;
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
