import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CamerasAnswer, SessionsAnswer } from '../base/api.ts';
import { reasonOf, type Reason } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import { isLoopbackAuthority, tokenOf, type ViewerAccess, type ViewerGrant } from './access.ts';
import type { GatewayView } from './gateway-view.ts';
import { Metrics } from './metrics.ts';
import type { PageFiles } from './page-files.ts';

export interface RouterOptions {
  view: GatewayView;
  log: Logger;
  access: ViewerAccess;
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

const SECURITY_HEADERS = {
  // The page may connect to any signaling server (`?server=`); all else is our own files.
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; " +
    "connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
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
  answer: (grant: ViewerGrant) => Answer | Promise<Answer>;
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
      ['/api/sessions', { access: 'token', answer: (grant) => json(200, sessionsAnswer(view, grant)) }],
    ]);
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = await this.#decide(request).catch((error: unknown) => {
      this.#options.log.error({ reason: reasonOf(error) }, 'An HTTP request failed.');
      return problem(500, { code: 'http.internal', message: 'The gateway could not make this answer; its log says why.' });
    });
    const body = Buffer.from(answer.body);
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
    const route = this.#routes.get(url.pathname);
    if (route === undefined) {
      return url.pathname.startsWith('/api/') ? NOT_FOUND : this.#pageFile(url.pathname);
    }
    const grant = this.#grant(route.access, request, url);
    return grant === undefined ? UNAUTHORIZED : route.answer(grant);
  }

  #grant(asked: Access, request: IncomingMessage, url: URL): ViewerGrant | undefined {
    const { access, loopback } = this.#options;
    if (asked === 'open' || (asked === 'open on loopback' && loopback)) return {};
    const grant = access.grant(tokenOf(request, url));
    // Metrics name all cameras: a token for some of them does not open them.
    return asked === 'open on loopback' && grant?.cameras !== undefined ? undefined : grant;
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

function camerasAnswer(view: GatewayView, { cameras }: ViewerGrant): CamerasAnswer {
  const visible = view.cameras().filter(({ id }) => cameras === undefined || cameras.has(id));
  const answer = { now: Date.now(), signaling: view.signaling(), cameras: visible };
  const found = view.found();
  return cameras !== undefined || found === undefined ? answer : { ...answer, found };
}

function sessionsAnswer(view: GatewayView, { cameras }: ViewerGrant): SessionsAnswer {
  return { sessions: view.sessions().filter(({ camera }) => cameras === undefined || cameras.has(camera)) };
}

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
const NOT_FOUND = problem(404, { code: 'http.not_found', message: 'There is nothing at this path.' });
const UNAUTHORIZED = problem(
  401,
  {
    code: 'http.unauthorized',
    message: 'The token is missing or wrong.',
    advice: 'Send a token of http.auth as Authorization: Bearer; the demo prints an address with one.',
  },
  { 'www-authenticate': 'Bearer' },
);
