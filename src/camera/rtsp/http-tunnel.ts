import { randomBytes } from 'node:crypto';
import { Duplex } from 'node:stream';
import type { Authenticator } from './authenticator.ts';
import type { Dial, Line } from './dial.ts';
import { closed, protocol, refused } from './failure.ts';
import { isSuccess, parseHeaders, parseStartLine, type RtspResponse } from './message.ts';

export interface HttpTunnelOptions {
  /** Opens one connection to the camera's web server. */
  dial: Dial;
  /** For the header Host: host and port. */
  host: string;
  /** Path and query of the stream. */
  path: string;
  /** The stream's URL without secrets, for error texts. */
  place: string;
  userAgent: string;
  authenticator: Authenticator;
}

const MAX_HEAD_BYTES = 16 * 1024;
const CONTENT_TYPE = 'application/x-rtsp-tunnelled';
const POST_FIELDS = [
  ['Content-Type', CONTENT_TYPE],
  // The form's own number; it has no end that could be told before, and no answer.
  ['Content-Length', '32767'],
  ['Expires', 'Sun, 9 Jan 1972 00:00:00 GMT'],
] as const;

/**
 * Opens RTSP over HTTP as QuickTime does it: what the camera says comes as the endless answer to a GET, what we say goes in Base64 as
 * the endless body of a POST; a cookie of ours ties the two together.
 * @throws GatewayError `rtsp.unauthorized`, `rtsp.not_found`, `rtsp.status`, `rtsp.protocol`, `rtsp.closed`, or an Error of the dial.
 */
export async function dialHttpTunnel(options: HttpTunnelOptions, signal: AbortSignal): Promise<Line> {
  const { dial, path, place, authenticator } = options;
  const cookie = randomBytes(11).toString('hex');
  const streams = new Set<Duplex>();
  const letGo = (): void => {
    for (const stream of streams) stream.destroy();
  };
  const open = async (): Promise<Line> => {
    const line = await dial(signal);
    // An error between two steps shows by the stream being destroyed.
    line.stream.on('error', () => undefined);
    streams.add(line.stream);
    line.stream.once('close', () => streams.delete(line.stream));
    if (signal.aborted) line.stream.destroy();
    signal.throwIfAborted();
    return line;
  };
  signal.addEventListener('abort', letGo, { once: true });
  try {
    let get: Line | undefined;
    const response = await authenticator.request('GET', path, async (authorization) => {
      letGo();
      get = await open();
      get.stream.write(head('GET', options, cookie, [...authorization, ['Accept', CONTENT_TYPE]]));
      return readHead(get.stream, place);
    });
    if (!isSuccess(response)) throw refused(place, 'GET (RTSP over HTTP)', response);
    // A camera's web server may well answer any path with its own page.
    if (/^text\//i.test(response.headers.get('Content-Type') ?? '')) {
      throw protocol(place, 'answers with a web page', 'Check that the camera serves RTSP over HTTP, and on this port.');
    }
    const openPost = async (): Promise<Line> => {
      const post = await open();
      post.stream.write(head('POST', options, cookie, [...authenticator.authorization('POST', path), ...POST_FIELDS]));
      return post;
    };
    const post = await openPost();
    if (get === undefined || get.stream.destroyed) throw closed(place, 'the camera closed it');
    return { ...post, stream: new HttpTunnel(get.stream, post.stream, async () => (await openPost()).stream) };
  } catch (error) {
    letGo();
    throw error;
  } finally {
    signal.removeEventListener('abort', letGo);
  }
}

/**
 * What is read comes from the GET, what is written goes to the POST. A POST that ends is followed by another when there is more to say:
 * the camera or a proxy in between may end it, since as many bytes have come as it promised, after half an hour of reports.
 */
class HttpTunnel extends Duplex {
  readonly #get: Duplex;
  readonly #openPost: () => Promise<Duplex>;
  #post: Duplex | undefined;
  /** The camera has said something since the POST began: it was understood. */
  #heard = false;

  constructor(get: Duplex, post: Duplex, openPost: () => Promise<Duplex>) {
    super({ allowHalfOpen: false });
    this.#get = get;
    this.#openPost = openPost;
    get.on('data', (chunk: Buffer) => {
      this.#heard = true;
      if (!this.push(chunk)) get.pause();
    });
    get.on('error', (error: Error) => this.destroy(error));
    get.on('close', () => this.destroy());
    this.#speakThrough(post);
  }

  override _read(): void {
    this.#get.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const write = (post: Duplex): void => {
      // What is lost with a POST is like what is lost with a camera's attention: requests have time-outs.
      post.write(chunk.toString('base64'), 'latin1', () => done());
    };
    if (this.#post !== undefined) {
      write(this.#post);
      return;
    }
    this.#openPost().then((post) => {
      if (this.destroyed) post.destroy();
      this.#heard = false;
      this.#speakThrough(post);
      write(post);
    }, done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#get.destroy();
    this.#post?.destroy();
    done(error);
  }

  #speakThrough(post: Duplex): void {
    this.#post = post;
    // Whatever is answered to the POST is not for us.
    post.resume();
    let cause: Error | undefined;
    post.on('error', (error: Error) => (cause = error));
    post.on('close', () => {
      this.#post = undefined;
      if (!this.#heard) this.destroy(cause);
    });
  }
}

function head(
  method: string,
  { host, path, userAgent }: HttpTunnelOptions,
  cookie: string,
  fields: readonly (readonly [string, string])[],
): string {
  const common = [
    ['Host', host],
    ['User-Agent', userAgent],
    ['x-sessioncookie', cookie],
    ['Pragma', 'no-cache'],
    ['Cache-Control', 'no-cache'],
  ];
  const lines = [...common, ...fields].map(([name, value]) => `${name}: ${value}`);
  return [`${method} ${path} HTTP/1.0`, ...lines, '', ''].join('\r\n');
}

/** The head of an answer; what follows it stays in the stream. */
function readHead(stream: Duplex, place: string): Promise<RtspResponse> {
  const { promise, resolve, reject } = Promise.withResolvers<RtspResponse>();
  let received = Buffer.alloc(0);
  const onData = (chunk: Buffer): void => {
    received = Buffer.concat([received, chunk]);
    const end = received.indexOf('\r\n\r\n');
    if (end < 0 && received.length <= MAX_HEAD_BYTES) return;
    const [first = '', ...lines] = received.toString('latin1', 0, Math.max(end, 0)).split('\r\n');
    const startLine = parseStartLine(first);
    if (startLine?.kind !== 'response') {
      reject(protocol(place, 'does not answer in HTTP'));
      return;
    }
    stream.off('data', onData).off('error', reject).off('close', onClose).pause();
    stream.unshift(received.subarray(end + 4));
    resolve({ status: startLine.status, reason: startLine.reason, headers: parseHeaders(lines), body: Buffer.alloc(0) });
  };
  const onClose = (): void => reject(closed(place, 'the camera closed it'));
  stream.on('data', onData).on('error', reject).on('close', onClose);
  return promise;
}
