import type { Clock } from '../../base/clock.ts';
import { GatewayError } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import type { Dial, Line } from './dial.ts';
import { closed, protocol, timedOut, unreachable } from './failure.ts';
import { encodeInterleaved, InterleavedParser, type InterleavedCounters, type InterleavedItem } from './interleaved.ts';
import { encodeRequest, encodeResponse, RtspHeaders, type RtspRequest, type RtspResponse } from './message.ts';

export interface RtspConnectionOptions {
  dial: Dial;
  /** The stream's URL without secrets, for error texts. */
  place: string;
  userAgent: string;
  connectTimeoutMs: number;
  requestTimeoutMs: number;
  clock: Clock;
  logger: Logger;
  onFrame: (channel: number, payload: Buffer, arrivalMs: number) => void;
  /** Called once when a connection that stood has ended, whoever ended it. */
  onEnd: (error: GatewayError) => void;
}

interface PendingRequest {
  resolve: (response: RtspResponse) => void;
  reject: (error: GatewayError) => void;
}

/** What a camera may ask of us. */
const KNOWN_METHODS = ['OPTIONS', 'GET_PARAMETER', 'SET_PARAMETER', 'ANNOUNCE', 'TEARDOWN', 'REDIRECT'];
const NO_BODY = Buffer.alloc(0);
/** Frames of our own (RTCP) are dropped rather than piled up on a camera that does not read. */
const MAX_UNSENT_BYTES = 64 * 1024;
/** More in a row that is neither a message nor a frame is no camera; and to search it costs more than to read it. */
const MAX_GARBAGE_BYTES = 256 * 1024;

/**
 * One connection to a camera: pairs answers with requests by CSeq, answers what the camera asks, and hands on the
 * frames in between. Everything that waits ends with an error when the connection ends.
 */
export class RtspConnection {
  readonly #options: RtspConnectionOptions;
  readonly #parser = new InterleavedParser((item) => this.#onItem(item));
  readonly #pending = new Map<number, PendingRequest>();
  readonly #abort = new AbortController();
  #line: Line | undefined;
  #cseq = 0;
  #arrivalMs = 0;
  /** Garbage that was counted when the last item was read. */
  #garbageBefore = 0;
  #ended: GatewayError | undefined;
  #redirectedTo: string | undefined;

  constructor(options: RtspConnectionOptions) {
    this.#options = options;
  }

  get counters(): Readonly<InterleavedCounters> {
    return this.#parser.counters;
  }

  /** What ended the connection; undefined while it stands. */
  get ended(): GatewayError | undefined {
    return this.#ended;
  }

  /** Where the REDIRECT that ended the connection leads, as it came. */
  get redirectedTo(): string | undefined {
    return this.#redirectedTo;
  }

  /** Our own address; empty while there is no connection. */
  get localAddress(): string {
    return this.#line?.localAddress ?? '';
  }

  get cameraAddress(): string {
    return this.#line?.cameraAddress ?? '';
  }

  /** @throws GatewayError `rtsp.unreachable`, or what {@link end} was called with meanwhile. */
  async connect(): Promise<void> {
    const { dial, place, connectTimeoutMs } = this.#options;
    const timer = setTimeout(
      () => this.end(unreachable(place, `no answer within ${connectTimeoutMs / 1000} s`)),
      connectTimeoutMs,
    );
    try {
      if (this.#ended === undefined) this.#use(await dial(this.#abort.signal));
    } catch (error) {
      this.#ended ??= error instanceof GatewayError ? error : unreachable(place, messageOf(error), error);
    } finally {
      clearTimeout(timer);
    }
    if (this.#ended !== undefined) throw this.#ended;
  }

  /**
   * Sends a request and waits for its answer, whatever its status.
   * @throws GatewayError `rtsp.timeout`, or what ended the connection.
   */
  request(method: string, uri: string, fields: readonly (readonly [string, string])[]): Promise<RtspResponse> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    this.#cseq += 1;
    const cseq = this.#cseq;
    const { promise, resolve, reject } = Promise.withResolvers<RtspResponse>();
    // Some cameras answer 401 to whoever has no User-Agent (SV3C: retina#87, go2rtc#235).
    const headers = new RtspHeaders([['CSeq', String(cseq)], ['User-Agent', this.#options.userAgent], ...fields]);
    const { place, requestTimeoutMs } = this.#options;
    const timer = setTimeout(() => this.#take(cseq)?.reject(timedOut(place, method, requestTimeoutMs)), requestTimeoutMs);
    this.#pending.set(cseq, {
      resolve: (response) => {
        clearTimeout(timer);
        resolve(response);
      },
      reject: (error) => {
        clearTimeout(timer);
        reject(error);
      },
    });
    this.#line?.stream.write(encodeRequest({ method, uri, headers, body: NO_BODY }));
    return promise;
  }

  /** False when the frame was dropped: the connection has ended, or the camera does not read. */
  sendFrame(channel: number, payload: Uint8Array): boolean {
    const stream = this.#line?.stream;
    if (stream === undefined || this.#ended !== undefined || stream.writableLength > MAX_UNSENT_BYTES) return false;
    stream.write(encodeInterleaved(channel, payload));
    return true;
  }

  /** Ends the connection at once; what waits is rejected with `error`. Only the first call counts. */
  end(error: GatewayError): void {
    if (this.#ended !== undefined) return;
    this.#ended = error;
    this.#abort.abort();
    this.#line?.stream.destroy();
    for (const cseq of this.#pending.keys()) this.#take(cseq)?.reject(error);
    if (this.#line !== undefined) this.#options.onEnd(error);
  }

  #use(line: Line): void {
    const { stream } = line;
    const { place } = this.#options;
    stream.on('error', (error: Error) => this.end(closed(place, messageOf(error), error)));
    // It was given up in the very moment in which it stood.
    if (this.#ended !== undefined) {
      stream.destroy();
      return;
    }
    this.#line = line;
    stream.on('data', (chunk: Buffer) => this.#onData(chunk));
    stream.on('close', () => this.end(closed(place, 'the camera closed it')));
    if (stream.destroyed) this.end(closed(place, 'the camera closed it'));
  }

  #onData(chunk: Buffer): void {
    this.#arrivalMs = this.#options.clock.now();
    this.#parser.push(chunk);
    if (this.#parser.counters.garbageBytes - this.#garbageBefore <= MAX_GARBAGE_BYTES) return;
    this.end(
      protocol(
        this.#options.place,
        'sends what is neither RTSP nor media',
        'Check address and port: something else may listen there.',
      ),
    );
  }

  #onItem(item: InterleavedItem): void {
    this.#garbageBefore = this.#parser.counters.garbageBytes;
    if (this.#ended !== undefined) return;
    switch (item.kind) {
      case 'frame':
        this.#options.onFrame(item.channel, item.payload, this.#arrivalMs);
        break;
      case 'response':
        this.#onResponse(item.response);
        break;
      case 'request':
        this.#onRequest(item.request);
        break;
    }
  }

  #onResponse(response: RtspResponse): void {
    if (response.status < 200) return;
    const cseq = response.headers.get('CSeq');
    const number = Number.parseInt(cseq ?? '', 10);
    // An answer without CSeq, as an HTTP server gives it, can only be for the request that waits longest.
    const key = Number.isNaN(number) ? this.#pending.keys().next().value : number;
    const pending = key === undefined ? undefined : this.#take(key);
    if (pending === undefined) this.#options.logger.debug({ cseq, status: response.status }, 'RTSP answer to no request');
    else pending.resolve(response);
  }

  /** Cameras ask too: mostly OPTIONS or SET_PARAMETER to see whether we are there, sometimes ANNOUNCE. */
  #onRequest(request: RtspRequest): void {
    const { method, headers } = request;
    const session = headers.get('Session');
    const fields: [string, string][] = [['CSeq', headers.get('CSeq') ?? '0']];
    if (session !== undefined) fields.push(['Session', session]);
    if (method === 'OPTIONS') fields.push(['Public', KNOWN_METHODS.join(', ')]);
    const [status, reason] = answerTo(request);
    const stream = this.#line?.stream;
    if (stream !== undefined && stream.writableLength <= MAX_UNSENT_BYTES) {
      stream.write(encodeResponse({ status, reason, headers: new RtspHeaders(fields), body: NO_BODY }));
    }
    if (method === 'REDIRECT') this.#redirectedTo = headers.get('Location');
    if (method === 'TEARDOWN' || method === 'REDIRECT') this.end(closed(this.#options.place, `the camera sent ${method}`));
  }

  #take(cseq: number): PendingRequest | undefined {
    const pending = this.#pending.get(cseq);
    this.#pending.delete(cseq);
    return pending;
  }
}

function answerTo({ method, body }: RtspRequest): readonly [status: number, reason: string] {
  if (!KNOWN_METHODS.includes(method)) return [501, 'Not Implemented'];
  // Without a body they only ask whether we are there (RFC 2326 section 10.8); there is no parameter of ours.
  if (method.endsWith('_PARAMETER') && body.length > 0) return [451, 'Parameter Not Understood'];
  return [200, 'OK'];
}

/** Several addresses that all failed come as one error without a message. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message || ('code' in error ? String(error.code) : error.name);
}
