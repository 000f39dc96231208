import { isLoopbackHost } from '../base/loopback.ts';
import { parseHostAndPort } from './addresses.ts';
import { isAdoptedId } from './adopted-id.ts';
import { FileFault, readWholeFile } from './file-fault.ts';
import type { GatewayConfig, HttpTlsConfig, JwtConfig, ViewerToken } from './gateway-config.ts';
import { isPublicKey } from './public-key.ts';
import { checkToken, secretOf, type ResolveContext } from './resolve-context.ts';
import type { ConfigFile } from './schema.ts';
import { suggest } from './suggest.ts';
import { readIdentity } from './tls-files.ts';

type Auth = NonNullable<ConfigFile['http']['auth']>;

/** RFC 7518 section 3.2: a key for HS256 is at least as long as its hash. */
const MIN_SECRET_BYTES = 32;

/** What the section gives to {@link GatewayConfig}. */
export type HttpConfig = Pick<GatewayConfig, 'listen' | 'viewerTokens' | 'jwt' | 'sessionLifetimeSeconds' | 'tls'>;

/** @param adopts cameras may be added that do not stand in the file */
export function resolveHttp(written: ConfigFile['http'], context: ResolveContext, adopts: boolean): HttpConfig | undefined {
  const { auth } = written;
  const listen = resolveListen(written, context);
  const viewerTokens = resolveViewerTokens(auth?.tokens ?? [], context, adopts);
  const jwt = auth?.jwt && resolveJwt(auth.jwt, context);
  if (auth?.tokens.length === 0 && auth.jwt === undefined)
    context.report(['http', 'auth'], 'holds neither tokens nor jwt; write one of them, or leave out auth', 'key');
  const tls = written.tls && resolveTls(written.tls, context);
  return (
    listen && {
      listen,
      viewerTokens,
      ...(jwt === undefined ? {} : { jwt }),
      ...(auth?.session_lifetime === undefined ? {} : { sessionLifetimeSeconds: auth.session_lifetime }),
      ...(tls === undefined ? {} : { tls }),
    }
  );
}

function resolveListen(
  { listen: text, auth, tls }: ConfigFile['http'],
  { report }: ResolveContext,
): GatewayConfig['listen'] | undefined {
  const listen = parseHostAndPort(text);
  if (listen === undefined || isLoopbackHost(listen.host)) return listen;
  const missing = [...(auth === undefined ? ['http.auth'] : []), ...(tls === undefined ? ['http.tls'] : [])];
  if (missing.length > 0) {
    const danger = auth === undefined ? 'anybody could watch' : 'tokens would travel in clear';
    report(
      ['http', 'listen'],
      `reaches beyond this machine, and ${danger}; add ${missing.join(' and ')}, or listen on 127.0.0.1`,
    );
  }
  return listen;
}

function resolveTls({ cert, key }: HttpTlsConfig, { report, locate }: ResolveContext): HttpTlsConfig | undefined {
  const files = { cert: locate(cert), key: locate(key) };
  try {
    readIdentity('http.tls', files);
    return files;
  } catch (error) {
    if (!(error instanceof FileFault)) throw error;
    const { fault, remedy } = error;
    report(['http', 'tls', fault.includes(files.cert) ? 'cert' : 'key'], `${fault}; ${remedy}`);
    return undefined;
  }
}

function resolveJwt(written: NonNullable<Auth['jwt']>, context: ResolveContext): JwtConfig | undefined {
  const path = ['http', 'auth', 'jwt'];
  const { issuer, audience } = written;
  const rest = { ...(issuer === undefined ? {} : { issuer }), ...(audience === undefined ? {} : { audience }) };
  const hasSecret = written.secret !== undefined || written.secret_file !== undefined;
  const secret = secretOf('secret', { value: written.secret, file: written.secret_file }, path, context);
  if (secret !== undefined && Buffer.byteLength(secret) < MIN_SECRET_BYTES) {
    const place = [...path, written.secret === undefined ? 'secret_file' : 'secret'];
    context.report(
      place,
      'is a secret that can be guessed from one token; write one of at least 32 characters (openssl rand -hex 32)',
    );
  }
  if (written.jwks === undefined) {
    if (!hasSecret) context.report(path, 'does not say how tokens are verified; write secret:, secret_file: or jwks:', 'key');
    return secret === undefined ? undefined : { secret, ...rest };
  }
  if (hasSecret) context.report([...path, 'jwks'], 'stands beside a secret; keep one of the two', 'key');
  // The keys of an issuer sign tokens for others too (RFC 8725 section 3.9).
  if (audience === undefined) context.report(path, 'would take tokens that were issued for something else; add audience:', 'key');
  const jwks = resolveJwks(written.jwks, [...path, 'jwks'], context);
  return jwks === undefined ? undefined : { jwks, ...rest };
}

function resolveJwks(written: string, path: readonly PropertyKey[], { report, locate }: ResolveContext): string | undefined {
  if (/^https?:/i.test(written)) {
    const url = URL.parse(written);
    if (url !== null && (url.protocol === 'https:' || isLoopbackHost(url.hostname))) return url.href;
    report(path, 'is not the URL of a key set that nobody can change on its way; write it as https://');
    return undefined;
  }
  const file = locate(written);
  try {
    const set: unknown = JSON.parse(readWholeFile('http.auth.jwt', file));
    if (typeof set !== 'object' || set === null || !('keys' in set) || !Array.isArray(set.keys)) {
      report(path, `the file ${file} holds no JSON Web Key Set; write {"keys": [...]}`);
    } else if (!set.keys.some(isPublicKey)) {
      report(path, `the file ${file} holds no public key that can be used; write those of the issuer, with all their parts`);
    } else return file;
  } catch (error) {
    if (error instanceof FileFault) report(path, `${error.fault}; ${error.remedy}`);
    else report(path, `the file ${file} is not JSON; write a JSON Web Key Set, {"keys": [...]}`);
  }
  return undefined;
}

function resolveViewerTokens(written: Auth['tokens'], context: ResolveContext, adopts: boolean): ViewerToken[] {
  const path = ['http', 'auth', 'tokens'];
  const seen = new Map<string, number>();
  const all: ViewerToken[] = [];
  for (const [index, entry] of written.entries()) {
    const here = [...path, index];
    for (const [position, id] of (entry.cameras ?? []).entries()) {
      if (!(adopts && isAdoptedId(id))) checkReference(id, [...here, 'cameras', position], context);
    }
    if (entry.token === undefined && entry.token_file === undefined)
      context.report(here, 'holds no token; write token: or token_file:');
    const token = secretOf('token', { value: entry.token, file: entry.token_file }, here, context);
    if (token === undefined) continue;
    checkToken(token, [...here, entry.token === undefined ? 'token_file' : 'token'], context);
    const other = seen.get(token);
    if (other !== undefined) context.report(here, `is the same token as ${path.join('.')}[${other}]; write a token of its own`);
    seen.set(token, index);
    all.push({ token, ...(entry.cameras === undefined ? {} : { cameras: entry.cameras }) });
  }
  return all.toSorted((a, b) => Number(a.cameras !== undefined) - Number(b.cameras !== undefined));
}

function checkReference(id: string, path: readonly PropertyKey[], { ids, report }: ResolveContext): void {
  if (ids.includes(id)) return;
  const known = ids.filter((candidate) => candidate !== undefined);
  const meant = suggest(id, known);
  const instead = meant === undefined ? 'write the id of one that stands under cameras' : `did you mean "${meant}"?`;
  report(path, `there is no camera "${id}"; ${instead}`);
}
