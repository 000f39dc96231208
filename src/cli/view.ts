import { Command, Option } from 'commander';
import { WebSocket } from 'ws';
import type { SessionInfo } from '../base/api.ts';
import { delay } from '../base/delay.ts';
import { SignalingCode, type SignalingError } from '../base/signaling.ts';
import { connect, type OnvifSession } from '../client/index.ts';
import { expandGzip } from './expand-gzip.ts';
import { seconds } from './options.ts';
import { OwnSession } from './own-session.ts';
import { untilTerminated } from './termination.ts';
import { progressLines, summary, type ViewResult } from './view-display.ts';

interface ViewOptions {
  server: string;
  peer: string;
  profile?: string;
  token?: string;
  duration: number;
  json?: true;
}

const PROGRESS_INTERVAL_MS = 1000;

/** A server that does not answer the end of the WebSocket holds the command up for a second, not for the half minute that is the default. */
const SOCKET_OPTIONS = { perMessageDeflate: false, closeTimeout: 1000 };

export function viewCommand(): Command {
  return new Command('view')
    .description('Watches one camera without a browser and prints what arrives.')
    .requiredOption('--server <url>', 'WebSocket URL of the signaling server')
    .requiredOption('--peer <id>', 'peer id of the camera, as the log, the page and /api/cameras show it')
    .option('--profile <token>', "media profile; default the camera's first")
    .addOption(new Option('--token <token>', 'access token, where the server wants one').env('ONVIF_GATEWAY_TOKEN'))
    .option('--duration <seconds>', 'how long to watch', seconds, 10)
    .option('--json', 'print one JSON object at the end, and nothing else')
    .addHelpText(
      'after',
      `
Nothing is decoded: a frame counts when all its packets came and all frames since a keyframe did.
Where the server is a gateway, it also says what was sent and why (docs/adaptation.md).
The token may also stand in the environment as ONVIF_GATEWAY_TOKEN, where other users of the machine do not see it.

Exit codes: 0 watched to the end or to Ctrl+C, 1 not connected, lost before or without a picture, 2 wrong usage.

Example:
  onvif-webrtc-gateway view --server ws://127.0.0.1:8080/signaling --peer demo-camera-1 --token TOKEN --duration 5`,
    )
    .action(async (options: ViewOptions) => {
      const result = await view(options, options.json === true ? () => undefined : (line) => process.stderr.write(`${line}\n`));
      process.stdout.write(options.json === true ? `${JSON.stringify(result)}\n` : `${summary(result)}\n`);
      if (result.error !== null) process.exitCode = 1;
    });
}

async function view(options: ViewOptions, progress: (line: string) => void): Promise<ViewResult> {
  // Loaded for this command only: the gateway's own process needs none of it where its media are in workers.
  const { HeadlessPeerConnection } = await import('../peer/webrtc/headless/peer-connection.ts');
  const interrupted = new AbortController();
  void untilTerminated().then(() => interrupted.abort());
  const session: OnvifSession = connect(options.server, {
    peer: options.peer,
    signal: interrupted.signal,
    ...(options.profile === undefined ? {} : { profile: options.profile }),
    ...(options.token === undefined ? {} : { token: options.token }),
    createPeerConnection: ({ iceServers }) =>
      new HeadlessPeerConnection({ iceServers, onFirstFrame: () => session.noteFirstFrame() }),
    createWebSocket: (url, subprotocol) => new WebSocket(url, subprotocol, SOCKET_OPTIONS),
    expand: expandGzip,
  });
  const ended = new AbortController();
  session.on('state', (state) => {
    if (state === 'closed') ended.abort();
  });
  progress(`Connecting to ${options.peer} …`);
  const connected = await session.whenLive().then(
    () => true,
    () => false,
  );
  const watched = connected ? await watch(session, options, ended.signal, progress) : undefined;
  const adaptation = watched?.own?.adaptation ?? null;
  const statistics = await session.stats();
  const error = errorOf(session.error, connected, statistics.framesDecoded);
  session.close();
  return {
    connected,
    timeToFirstFrameMs: statistics.timeToFirstFrameMs === null ? null : Math.round(statistics.timeToFirstFrameMs),
    frames: statistics.framesDecoded,
    framesPerSecond: statistics.framesPerSecond,
    bitrateKbps: watched?.bitrateKbps ?? null,
    packets: statistics.packets,
    lost: statistics.lost,
    audioPackets: statistics.audioPackets,
    profile: options.profile ?? null,
    session: watched?.own?.id ?? null,
    adaptation,
    shownProfile: watched?.own?.profile ?? null,
    profileSwitches: adaptation?.switches ?? 0,
    metadataDocuments: statistics.metadataDocuments,
    error,
  };
}

/** Why the command failed; null where it did not. */
function errorOf(error: SignalingError | null, connected: boolean, frames: number): ViewResult['error'] {
  if (error !== null) {
    const { code, message, detail = message } = error;
    return { code, message, detail: detail === message ? null : detail };
  }
  if (!connected) {
    return { code: SignalingCode.gone, message: 'The command was ended before the camera was connected.', detail: null };
  }
  return frames > 0 ? null : { code: SignalingCode.timeout, message: 'No picture came from the camera.', detail: null };
}

interface Watched {
  /** The mean; null when it was over at once. */
  bitrateKbps: number | null;
  /** What the gateway said last of the session. */
  own: SessionInfo | undefined;
}

async function watch(
  session: OnvifSession,
  { server, token, duration }: ViewOptions,
  signal: AbortSignal,
  progress: (line: string) => void,
): Promise<Watched> {
  const rates: number[] = [];
  const gateway = new OwnSession(server, token);
  let own: SessionInfo | undefined;
  const startedAt = performance.now();
  const remaining = (): number => duration * 1000 - (performance.now() - startedAt);
  await session.stats();
  while (!signal.aborted && remaining() > 0) {
    await delay(Math.min(PROGRESS_INTERVAL_MS, remaining()), signal);
    const statistics = await session.stats();
    if (statistics.bitrateKbps !== null) rates.push(statistics.bitrateKbps);
    const before = own;
    own = (await gateway.look(session.videoSsrc)) ?? own;
    for (const line of progressLines(statistics, own, before)) progress(line);
  }
  return { bitrateKbps: rates.length === 0 ? null : Math.round(rates.reduce((sum, rate) => sum + rate, 0) / rates.length), own };
}
