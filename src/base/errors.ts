/**
 * An error of the product's own, for control paths: a stable code for programs, a sentence for people,
 * and, where there is one, what to do about it.
 *
 * The code is dotted, coarse to fine (`config.invalid`, `camera.unreachable`, `rtsp.unauthorized`), and is part
 * of what users and tests rely on. Media packets never throw: what is malformed there is counted.
 */
export class GatewayError extends Error {
  readonly code: string;
  /** What the reader can do about it; one sentence. */
  readonly advice: string | undefined;

  constructor(code: string, message: string, options: { advice?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'GatewayError';
    this.code = code;
    this.advice = options.advice;
  }
}

/** Why something is not as it should be: the plain-data form of {@link GatewayError} for messages, API and logs. */
export interface Reason {
  code: string;
  message: string;
  advice?: string;
}

/** The plain-data form of anything thrown. Errors that are not ours get the code `internal`. */
export function reasonOf(error: unknown): Reason {
  if (error instanceof GatewayError) {
    return error.advice === undefined
      ? { code: error.code, message: error.message }
      : { code: error.code, message: error.message, advice: error.advice };
  }
  return { code: 'internal', message: error instanceof Error ? error.message : String(error) };
}

/** One line for a log or a terminal: message and, if there is one, the advice. */
export function describeReason(reason: Reason): string {
  return reason.advice === undefined ? reason.message : `${reason.message} ${reason.advice}`;
}
