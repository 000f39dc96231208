import { redactUrl, type Logger } from '../../base/log.ts';
import { isLoopbackHost } from '../../base/loopback.ts';
import type { SignalingConfig } from '../../config/gateway-config.ts';
import type { ServerAccess } from './registration.ts';
import { TlsContext } from './tls-context.ts';
import { AuthorizationServer } from './token/authorization-server.ts';
import { OAuthToken } from './token/oauth-token.ts';
import { fixedToken, TokenFile, type TokenSource } from './token/token-source.ts';

/**
 * What a `signaling` section of the config says, as devices use it. Those who share one share its token, which is fetched once for all, and
 * what was made of its files. `tokens` is to be closed by the caller.
 */
export function createServerAccess(config: SignalingConfig, log: Logger): ServerAccess & { tokens: TokenSource } {
  const { hostname = '', protocol } = URL.parse(config.server) ?? {};
  const hasToken = config.token !== undefined || config.tokenFile !== undefined || config.oauth !== undefined;
  if (hasToken && protocol === 'ws:' && !isLoopbackHost(hostname))
    log.warn(
      `Tokens go unencrypted to ${redactUrl(config.server)}, where whoever listens can take them; write wss: where the server has it`,
    );
  const tls = config.tls && new TlsContext(config.tls);
  return { server: config.server, tokens: tokenSource(config, tls, log), authorization: config.authorization, tls };
}

function tokenSource({ token, tokenFile, oauth }: SignalingConfig, tls: TlsContext | undefined, log: Logger): TokenSource {
  if (tokenFile !== undefined) return new TokenFile(tokenFile);
  if (oauth === undefined) return fixedToken(token);
  const server = new AuthorizationServer({ oauth, authorities: tls && (() => tls.authorities()) });
  return new OAuthToken({ issueToken: (signal) => server.issueToken(signal), log });
}
