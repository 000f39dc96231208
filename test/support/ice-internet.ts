import { createServer } from 'node:http';
import type { IceServer } from '../../src/base/ice.ts';
import { loadPageFiles } from '../../src/http/page-files.ts';
import { SignalingServer } from '../../src/signaling/server/server.ts';
import { StaticTokens } from '../../src/access/static-tokens.ts';

/*
 * What stands in the internet (ice-site.ts starts it as a process of its own): the viewer page, and signaling servers that differ in the ICE
 * servers which they give to both sides.
 */

export interface InternetOptions {
  host: string;
  token: { viewer: string; device: string };
  /** By the last part of the server's path: `ws://HOST:PORT/signaling/NAME`. */
  iceServers: Record<string, IceServer[]>;
}

const { host, token, iceServers } = JSON.parse(process.argv[2] ?? '') as InternetOptions;
const tokens = new StaticTokens({ clients: [{ token: token.viewer }], devices: [{ token: token.device }] });
const signaling = new Map<string, SignalingServer>(
  Object.entries(iceServers).map(([name, servers]) => {
    return [`/signaling/${name}`, new SignalingServer({ tokens, iceServers: servers })];
  }),
);
const page = await loadPageFiles();
const pathOf = (url: string | undefined): string => URL.parse(url ?? '', 'http://internet')?.pathname ?? '';
const server = createServer((request, response) => {
  const file = page.get(pathOf(request.url));
  if (file === undefined) response.writeHead(404).end();
  else response.writeHead(200, { 'content-type': file.contentType }).end(file.body);
});
server.on('upgrade', (request, socket, head) => {
  const chosen = signaling.get(pathOf(request.url));
  if (chosen === undefined) socket.destroy();
  else chosen.handleUpgrade(request, socket, head);
});
server.listen({ host, port: 0 }, () => process.stdout.write(`${JSON.stringify(server.address())}\n`));
process.on('SIGTERM', () => process.exit(0));
