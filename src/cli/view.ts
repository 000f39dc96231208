import { Command, Option } from 'commander';
import { WebSocket } from 'ws';
import { delay } from '../base/delay.ts';
import { SignalingCode, type SignalingError } from '../base/signaling.ts';
import { connect, type OnvifSession } from '../client/index.ts';
import { HeadlessPeerConnection } from '../peer/webrtc/headless/peer-connection.ts';
import { seconds } from './options.ts';
import { untilTerminated } from './termination.ts';

interface ViewOptions {
  server: string;
  peer: string;
  profile?: string;
  token?: string;
  duration: number;
  json?: true;
}

/** What `view --json` prints; part of what users rely on. */
interface ViewResult {
  connected: boolean;
  timeToFirstFrameMs: number | null;
  frames: number;
  framesPerSecond: number | null;
  bitrateKbps: number | null;
  packets: number;
  lost: number;
  audioPackets: number;
  /** As named by --profile; null: none was named, and the camera chose its first. */
  profile: string | null;
  profileSwitches: number;
  metadataDocuments: number;
  /** Null: pictures came to the end, or to Ctrl+C. `detail`: what the other side said in its own words, where that is more. */
  error: { code: number; message: string; detail: string | null } | null;
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
  const bitrateKbps = connected ? await watch(session, options.duration * 1000, ended.signal, progress) : null;
  const statistics = await session.stats();
  const error = errorOf(session.error, connected, statistics.framesDecoded);
  session.close();
  return {
    connected,
    timeToFirstFrameMs: statistics.timeToFirstFrameMs === null ? null : Math.round(statistics.timeToFirstFrameMs),
    frames: statistics.framesDecoded,
    framesPerSecond: statistics.framesPerSecond,
    bitrateKbps,
    packets: statistics.packets,
    lost: statistics.lost,
    audioPackets: statistics.audioPackets,
    profile: options.profile ?? null,
    profileSwitches: 0,
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

/** Returns the mean bitrate, kbit/s; null when it was over at once. */
async function watch(
  session: OnvifSession,
  durationMs: number,
  signal: AbortSignal,
  progress: (line: string) => void,
): Promise<number | null> {
  const rates: number[] = [];
  const startedAt = performance.now();
  const remaining = (): number => durationMs - (performance.now() - startedAt);
  await session.stats();
  while (!signal.aborted && remaining() > 0) {
    await delay(Math.min(PROGRESS_INTERVAL_MS, remaining()), signal);
    const { bitrateKbps, framesDecoded, framesPerSecond, lost } = await session.stats();
    if (bitrateKbps !== null) rates.push(bitrateKbps);
    progress(`${framesDecoded} frames (${framesPerSecond ?? 0}/s), ${Math.round(bitrateKbps ?? 0)} kbit/s, ${lost} packets lost`);
  }
  return rates.length === 0 ? null : Math.round(rates.reduce((sum, rate) => sum + rate, 0) / rates.length);
}

function summary(result: ViewResult): string {
  const { error } = result;
  const why = error === null ? '' : [error.message, ...(error.detail === null ? [] : [error.detail])].join(' ');
  if (!result.connected) return `Not connected: ${why}`;
  const { timeToFirstFrameMs, frames, framesPerSecond, bitrateKbps, packets, lost, audioPackets, metadataDocuments } = result;
  return [
    `first frame   ${timeToFirstFrameMs === null ? 'none came' : `${timeToFirstFrameMs} ms`}`,
    `frames        ${frames} (${framesPerSecond ?? 0} in the last second)`,
    `bitrate       ${bitrateKbps ?? 0} kbit/s`,
    `packets       ${packets}, ${lost} lost`,
    `sound         ${audioPackets} packets`,
    `metadata      ${metadataDocuments} documents`,
    ...(error === null ? [] : [`failed        ${why}`]),
  ].join('\n');
}
