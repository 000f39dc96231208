import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ClientGrant, TokenVerifier } from '../access/grant.ts';
import type { CamerasAnswer, SessionsAnswer } from '../base/api.ts';
import { GatewayError, reasonOf, type Reason } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import { isLoopbackAuthority, tokenOf } from './access.ts';
import type { GatewayView } from './gateway-view.ts';
import { Metrics } from './metrics.ts';
import type { PageFiles } from './page-files.ts';

export interface RouterOptions {
  view: GatewayView;
  log: Logger;
  access: TokenVerifier;
  /** The server listens on loopback only. */
  loopback: boolean;
  loadPage: () => Promise<PageFiles>;
}

interface Answer {
  status: number;
  contentType: string;
  body: string | Buffer;
  headers?: Record<string, string>;
}

/** RFC 3550 section 3: 32 bits. */
const MAX_SSRC = 0xffff_ffff;

const SECURITY_HEADERS = {
  // The page may connect to any signaling server (`?server=`); all else is our own files.
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; " +
    "connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
  // What the page asks for is a microphone to talk back with (over https, or on loopback); a frame from elsewhere gets nothing.
  'permissions-policy': 'microphone=(self), camera=(), geolocation=(), display-capture=(), usb=(), serial=()',
  'x-content-type-options': 'nosniff',
  // The address may carry a token.
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
};

/** Who may ask: anybody, anybody as long as the server is on loopback, or only who has a token; and what that one may see. */
type Access = 'open' | 'open on loopback' | 'token';

interface Route {
  access: Access;
  answer: (grant: ClientGrant, url: URL) => Answer | Promise<Answer>;
}

/** Decides what is answered to a request; holds no sockets. */
export class Router {
  readonly #options: RouterOptions;
  readonly #metrics: Metrics;
  readonly #routes: ReadonlyMap<string, Route>;
  #page: Promise<PageFiles> | undefined;

  constructor(options: RouterOptions) {
    this.#options = options;
    this.#metrics = new Metrics(options.view);
    const { view } = options;
    this.#routes = new Map<string, Route>([
      ['/healthz', { access: 'open', answer: () => json(200, { status: 'ok' }) }],
      ['/readyz', { access: 'open', answer: () => readiness(view) }],
      ['/metrics', { access: 'open on loopback', answer: () => this.#metricsAnswer() }],
      ['/api/cameras', { access: 'token', answer: (grant) => json(200, camerasAnswer(view, grant)) }],
      ['/api/sessions', { access: 'token', answer: (grant, url) => sessionsAnswer(view, grant, url) }],
    ]);
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = await this.#decide(request).catch((error: unknown) => {
      this.#options.log.error({ reason: reasonOf(error) }, 'An HTTP request failed.');
      return problem(500, { code: 'http.internal', message: 'The gateway could not make this answer; its log says why.' });
    });
    const body = typeof answer.body === 'string' ? Buffer.from(answer.body) : answer.body;
    response.writeHead(answer.status, {
      ...SECURITY_HEADERS,
      'cache-control': 'no-store',
      'content-type': answer.contentType,
      'content-length': body.length,
      ...answer.headers,
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  }

  /** Starts to load the page unless that is under way or done. */
  preparePage(): void {
    this.#loadPage().catch((error: unknown) => {
      this.#options.log.error({ reason: reasonOf(error) }, 'The viewer page cannot be served.');
    });
  }

  async #decide(request: IncomingMessage): Promise<Answer> {
    if (this.#options.loopback && !isLoopbackAuthority(request.headers.host)) return MISDIRECTED;
    if (request.method !== 'GET' && request.method !== 'HEAD') return METHOD_NOT_ALLOWED;
    const url = URL.parse(request.url ?? '', 'http://gateway');
    if (url === null) return BAD_REQUEST;
    const route = this.#routes.get(url.pathname) ?? snapshotRoute(this.#options.view, url.pathname);
    if (route === undefined) {
      return url.pathname.startsWith('/api/') ? NOT_FOUND : this.#pageFile(url.pathname);
    }
    const grant = await this.#grant(route.access, request, url);
    return grant === undefined ? UNAUTHORIZED : route.answer(grant, url);
  }

  async #grant(asked: Access, request: IncomingMessage, url: URL): Promise<ClientGrant | undefined> {
    const { access, loopback } = this.#options;
    if (asked === 'open' || (asked === 'open on loopback' && loopback)) return { role: 'client' };
    const grant = await access.verify(tokenOf(request, url));
    if (grant?.role !== 'client') return undefined;
    // Metrics name all cameras: a token for some of them does not open them.
    return asked === 'open on loopback' && grant.peers !== undefined ? undefined : grant;
  }

  async #metricsAnswer(): Promise<Answer> {
    return { status: 200, contentType: this.#metrics.contentType, body: await this.#metrics.text() };
  }

  async #pageFile(path: string): Promise<Answer> {
    const file = (await this.#loadPage()).get(path);
    if (file === undefined) return NOT_FOUND;
    const headers = { 'cache-control': file.immutable ? 'public, max-age=31536000, immutable' : 'no-cache' };
    return { status: 200, contentType: file.contentType, body: file.body, headers };
  }

  /** A failure is not kept: the next request tries again. */
  #loadPage(): Promise<PageFiles> {
    this.#page ??= this.#options.loadPage().catch((error: unknown) => {
      this.#page = undefined;
      throw error;
    });
    return this.#page;
  }
}

function camerasAnswer(view: GatewayView, { peers }: ClientGrant): CamerasAnswer {
  const visible = view.cameras().filter(({ id }) => peers === undefined || peers.has(id));
  const answer = { now: Date.now(), signaling: view.signaling(), cameras: visible };
  const found = view.found();
  return peers !== undefined || found === undefined ? answer : { ...answer, found };
}

function sessionsAnswer(view: GatewayView, { peers }: ClientGrant, { searchParams }: URL): Answer {
  const asked = searchParams.getAll('videoSsrc');
  if (!asked.every((ssrc) => /^\d{1,10}$/.test(ssrc) && Number(ssrc) <= MAX_SSRC)) return BAD_SSRC;
  const ssrcs = new Set(asked.map(Number));
  const sessions = view.sessions().filter(({ camera, videoSsrc }) => {
    return (peers === undefined || peers.has(camera)) && (ssrcs.size === 0 || ssrcs.has(videoSsrc));
  });
  const answer: SessionsAnswer = { sessions };
  return json(200, answer);
}

/** `/api/cameras/ID/snapshot.jpg`; undefined for any other path. */
function snapshotRoute(view: GatewayView, path: string): Route | undefined {
  const id = decoded(/^\/api\/cameras\/([^/]+)\/snapshot\.jpg$/.exec(path)?.[1]);
  return id === undefined ? undefined : { access: 'token', answer: (grant, url) => snapshotAnswer(view, id, grant, url) };
}

function decoded(segment: string | undefined): string | undefined {
  try {
    return segment && decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}

/** A camera that the token does not open is answered as one that is not there. */
async function snapshotAnswer(view: GatewayView, id: string, { peers }: ClientGrant, url: URL): Promise<Answer> {
  if (peers !== undefined && !peers.has(id)) return NO_CAMERA;
  try {
    const snapshot = await view.snapshot(id, url.searchParams.get('profile') ?? undefined);
    if (snapshot === undefined) return NO_CAMERA;
    const { jpeg, takenAt } = snapshot;
    const headers = takenAt === null ? {} : { 'last-modified': new Date(takenAt).toUTCString() };
    return { status: 200, contentType: 'image/jpeg', body: jpeg, headers };
  } catch (error) {
    const status = error instanceof GatewayError ? SNAPSHOT_STATUS[error.code] : undefined;
    if (status === undefined) throw error;
    return problem(status, reasonOf(error), status === 503 ? { 'retry-after': '1' } : {});
  }
}

const SNAPSHOT_STATUS: Readonly<Record<string, number>> = {
  'snapshot.no_profile': 404,
  'snapshot.busy': 503,
  'snapshot.unavailable': 503,
  'snapshot.timeout': 504,
};

function readiness(view: GatewayView): Answer {
  const { ready, reasons } = view.ready();
  return json(ready ? 200 : 503, { ready, reasons });
}

function json(status: number, value: unknown): Answer {
  return { status, contentType: 'application/json; charset=utf-8', body: `${JSON.stringify(value)}\n` };
}

function problem(status: number, error: Reason, headers: Record<string, string> = {}): Answer {
  return { ...json(status, { error }), headers };
}

const MISDIRECTED = problem(421, {
  code: 'http.host',
  message: 'This gateway listens on loopback and answers only to localhost, 127.0.0.1 and [::1].',
  advice: 'Open it by one of these names; a reverse proxy has to set the Host header to localhost.',
});
const METHOD_NOT_ALLOWED = problem(
  405,
  { code: 'http.method', message: 'Only GET and HEAD are served here.' },
  { allow: 'GET, HEAD' },
);
const BAD_REQUEST = problem(400, { code: 'http.path', message: 'The path of the request cannot be read.' });
const BAD_SSRC = problem(400, {
  code: 'http.video_ssrc',
  message: 'A videoSsrc of the request is not an SSRC, a number from 0 to 4294967295.',
  advice:
    'Leave it out for all sessions, or name one as it stands in `a=ssrc` of the offer; for several repeat it: ?videoSsrc=1&videoSsrc=2.',
});
const NOT_FOUND = problem(404, { code: 'http.not_found', message: 'There is nothing at this path.' });
const NO_CAMERA = problem(404, {
  code: 'http.no_camera',
  message: 'There is no such camera.',
  advice: '/api/cameras lists those that the token opens.',
});
const UNAUTHORIZED = problem(
  401,
  {
    code: 'http.unauthorized',
    message: 'The token is missing or wrong.',
    advice: 'Send a token of http.auth that has not ended as Authorization: Bearer; the demo prints an address with one.',
  },
  { 'www-authenticate': 'Bearer' },
);
