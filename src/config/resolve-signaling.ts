import { FileFault } from './file-fault.ts';
import type { OAuthClient, OAuthConfig, SignalingConfig } from './gateway-config.ts';
import { readSigningKey } from './private-key.ts';
import { checkToken, type ResolveContext } from './resolve-context.ts';
import type { ConfigFile } from './schema.ts';
import { readAuthorities, readIdentity, type TlsFiles } from './tls-files.ts';

type Path = readonly PropertyKey[];
type SignalingFile = NonNullable<ConfigFile['signaling']>;
type OAuthFile = NonNullable<SignalingFile['oauth']>;

/** Of the errors at run time; here only their words count. */
const CODE = 'config.invalid';

export function resolveSignaling(written: ConfigFile['signaling'], context: ResolveContext): SignalingConfig | undefined {
  if (written === undefined) return undefined;
  const path = ['signaling'];
  const access = { ...resolveToken(written, path, context), ...resolveConnection(written, path, context) };
  if (written.server !== undefined) return { server: written.server, ...access };
  context.report(
    path,
    'names no server; write server: with its WebSocket URL, or leave out signaling for the embedded server',
    'key',
  );
  return undefined;
}

/**
 * The place of one camera at a signaling server. Its token is its own, so that no server sees one that is meant for another; without a server
 * of its own it connects to that of all cameras as these do.
 */
export function resolveCameraSignaling(
  written: SignalingFile,
  path: Path,
  common: SignalingConfig | undefined,
  context: ResolveContext,
): SignalingConfig | undefined {
  const token = resolveToken(written, path, context);
  const own = resolveConnection(written, path, context);
  if (written.server !== undefined) return { server: written.server, ...token, ...own };
  if (common !== undefined) {
    const { server, authorization, tls } = common;
    const shared = { ...(authorization === undefined ? {} : { authorization }), ...(tls === undefined ? {} : { tls }) };
    return { server, ...shared, ...token, ...own };
  }
  context.report(
    path,
    'names no server; write server: here or under the top-level signaling:, or leave it out for the embedded server',
    'key',
  );
  return undefined;
}

function resolveToken(
  written: SignalingFile,
  path: Path,
  context: ResolveContext,
): Pick<SignalingConfig, 'token' | 'tokenFile' | 'oauth'> {
  const given = (['token', 'token_file', 'oauth'] as const).filter((key) => written[key] !== undefined);
  const [first, second] = given;
  if (second !== undefined)
    context.report([...path, second], `stands beside ${first}; keep one of token, token_file, oauth`, 'key');
  const { token, token_file: name, oauth } = written;
  if (token !== undefined) {
    checkToken(token, [...path, 'token'], context);
    return { token };
  }
  if (name !== undefined) {
    const text = context.readSecret(name, [...path, 'token_file']);
    if (text !== undefined) checkToken(text, [...path, 'token_file'], context);
    return { tokenFile: context.locate(name) };
  }
  const resolved = oauth && resolveOAuth(oauth, [...path, 'oauth'], context);
  return resolved === undefined ? {} : { oauth: resolved };
}

function resolveConnection(
  { authorization, tls }: SignalingFile,
  path: Path,
  context: ResolveContext,
): Pick<SignalingConfig, 'authorization' | 'tls'> {
  const files = tls && resolveTls(tls, [...path, 'tls'], context);
  return { ...(authorization === undefined ? {} : { authorization }), ...(files === undefined ? {} : { tls: files }) };
}

function resolveTls(written: NonNullable<SignalingFile['tls']>, path: Path, context: ResolveContext): TlsFiles {
  const files: TlsFiles = {};
  for (const role of ['ca', 'cert', 'key'] as const) {
    const name = written[role];
    if (name !== undefined) files[role] = context.locate(name);
  }
  for (const [role, other] of [['cert', 'key'] as const, ['key', 'cert'] as const]) {
    if (written[role] !== undefined && written[other] === undefined)
      context.report([...path, role], `stands without its ${other}; add ${other}:`, 'key');
  }
  reportFaults([...path, 'ca'], context, () => readAuthorities(CODE, files));
  reportFaults([...path, 'cert'], context, () => readIdentity(CODE, files));
  return files;
}

function resolveOAuth(written: OAuthFile, path: Path, context: ResolveContext): OAuthConfig | undefined {
  const { issuer, token_endpoint: tokenEndpoint, scope, audience } = written;
  if (issuer === undefined && tokenEndpoint === undefined)
    context.report(path, 'names no authorization server; add issuer: or token_endpoint:', 'key');
  if (issuer !== undefined && tokenEndpoint !== undefined)
    context.report([...path, 'token_endpoint'], 'stands beside issuer; keep one of the two', 'key');
  const client = resolveClient(written, path, context);
  return (
    client && {
      ...(issuer === undefined ? {} : { issuer }),
      ...(tokenEndpoint === undefined ? {} : { tokenEndpoint }),
      client,
      ...(scope === undefined ? {} : { scope }),
      ...(audience === undefined ? {} : { audience }),
    }
  );
}

function resolveClient(written: OAuthFile, path: Path, context: ResolveContext): OAuthClient | undefined {
  const { client_id: id, key_file: keyName, key_id: keyId } = written;
  const method = written.method ?? (keyName === undefined ? 'client_secret_basic' : 'private_key_jwt');
  const needed: readonly string[] =
    method === 'private_key_jwt' ? ['key_file', 'key_id'] : ['client_secret', 'client_secret_file'];
  for (const key of ['client_secret', 'client_secret_file', 'key_file', 'key_id'] as const) {
    if (written[key] !== undefined && !needed.includes(key))
      context.report([...path, key], `is not for the method ${method}; remove it, or write another method:`, 'key');
  }
  if (method === 'private_key_jwt') {
    if (keyName === undefined) {
      context.report(path, 'has no key for the method private_key_jwt; add key_file:', 'key');
      return undefined;
    }
    const keyFile = context.locate(keyName);
    reportFaults([...path, 'key_file'], context, () => readSigningKey(CODE, keyFile));
    return { id, method, keyFile, ...(keyId === undefined ? {} : { keyId }) };
  }
  const secret = resolveSecret(written, path, context);
  return secret === undefined ? undefined : { id, method, secret };
}

function resolveSecret(written: OAuthFile, path: Path, context: ResolveContext): string | { file: string } | undefined {
  const { client_secret: secret, client_secret_file: name } = written;
  if (secret !== undefined && name !== undefined)
    context.report([...path, 'client_secret_file'], 'stands beside client_secret; keep one of the two', 'key');
  if (secret !== undefined) return secret;
  if (name === undefined) {
    context.report(path, 'has no secret; add client_secret: or client_secret_file:, or key_file: for private_key_jwt', 'key');
    return undefined;
  }
  context.readSecret(name, [...path, 'client_secret_file']);
  return { file: context.locate(name) };
}

/** What is wrong with a file, at the place where the config names it. */
function reportFaults(path: Path, { report }: ResolveContext, read: () => unknown): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof FileFault)) throw error;
    report(path, `${error.fault}; ${error.remedy}`);
  }
}
