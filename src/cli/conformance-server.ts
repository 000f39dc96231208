import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { GatewayError } from '../base/errors.ts';
import { redactUrl } from '../base/log.ts';
import { isWebSocketUrl } from '../config/addresses.ts';
import { Failure } from '../conformance/case.ts';
import { RawPeer } from '../conformance/raw-peer.ts';
import { runCases } from '../conformance/runner.ts';
import { SERVER_CASES } from '../conformance/server/cases/index.ts';
import { ServerContext } from '../conformance/server/context.ts';
import { DEFAULT_SERVER_TIMING, type ServerSettings } from '../conformance/server/settings.ts';
import { Transcript } from '../conformance/transcript.ts';
import { addOutputOptions, chooseCases, type OutputOptions, runKit } from './conformance-run.ts';
import { checkToken, seconds, wholeNumber } from './options.ts';
import { untilTerminated } from './termination.ts';

interface ServerOptions extends OutputOptions {
  url?: string;
  clientToken?: string;
  deviceToken?: string;
  otherDeviceToken?: string;
  limitedClientToken?: string;
  peer?: string;
  ca?: string;
  timeout: number;
  settle: number;
  silence: number;
  expiry: number;
}

const HELP = `
The kit is device and clients at once: it registers with the tokens that it is given, opens some hundred sessions between
its own peers, and sends no media. Use tokens that nobody else uses meanwhile: a server may take a device's registration
away when another connection shows the same token.

What the kit is not given it does not test: without a token of a second device, a client that may not reach the device,
or sessions that end, the cases about them are not applicable. A server that wants no tokens from anybody is tested
without any; one that knows devices by their tokens, as this gateway does, needs --device-token.

Exit codes: 0 no case failed, 1 a case failed or the server is not there, 2 wrong usage.

Examples:
  onvif-webrtc-gateway conformance server --list
  onvif-webrtc-gateway conformance server --url wss://signaling.example.com/onvif --client-token C1 --device-token D1
  onvif-webrtc-gateway conformance server --url wss://signaling.example.com/onvif --client-token C1 --device-token D1 \\
    --other-device-token D2 --limited-client-token C2 --junit server.xml
  onvif-webrtc-gateway conformance server --url ws://127.0.0.1:8080/signaling --client-token JWT1 --device-token JWT2 --only 5.2.6
  (against this gateway: docs/conformance.md says how to make its tokens)`;

/** `conformance server`: plays clients and devices towards a signaling server. */
export function conformanceServerCommand(): Command {
  const { answerMs, settleMs, silenceMs, expirySeconds } = DEFAULT_SERVER_TIMING;
  const command = new Command('server')
    .description('Proves that a signaling server conforms.')
    .option('--url <url>', 'WebSocket URL of the server')
    .addOption(new Option('--client-token <token>', 'token of a client that may reach the device').env('ONVIF_CLIENT_TOKEN'))
    .addOption(new Option('--device-token <token>', 'token of the device that the kit plays').env('ONVIF_DEVICE_TOKEN'))
    .addOption(new Option('--other-device-token <token>', 'token of a second device').env('ONVIF_OTHER_DEVICE_TOKEN'))
    .addOption(
      new Option('--limited-client-token <token>', 'token of a client that may not reach the device').env(
        'ONVIF_LIMITED_CLIENT_TOKEN',
      ),
    )
    .option('--peer <id>', 'id by which clients reach the device, where it is not the one that register gives')
    .option('--ca <file>', 'certificate authority (PEM) that signed the certificate of the server')
    .option('--timeout <seconds>', 'how long an answer may take', seconds, answerMs / 1000)
    .option('--settle <seconds>', 'how long nothing must come where nothing may', seconds, settleMs / 1000)
    .option('--silence <seconds>', 'how long the server may wait for a peer that does not react', seconds, silenceMs / 1000)
    .option('--expiry <seconds>', 'longest session whose end is waited for', wholeNumber(1, 3600), expirySeconds);
  return addOutputOptions(command).addHelpText('after', HELP).action(run);
}

async function run(options: ServerOptions): Promise<void> {
  const cases = chooseCases(SERVER_CASES, options);
  if (cases === undefined) return;
  const settings = settingsOf(options);
  const { clientToken, deviceToken, otherDeviceToken, limitedClientToken } = settings;
  const secrets = [clientToken, deviceToken, otherDeviceToken, limitedClientToken].filter((token) => token !== undefined);
  const interrupted = new AbortController();
  void untilTerminated().then(() => interrupted.abort());
  await reach(settings);
  await rehearse(settings, secrets, interrupted.signal);
  process.stderr.write(`${cases.length} cases begin.\n`);
  await runKit(
    {
      role: 'server',
      endpoint: () => redactUrl(settings.url),
      cases,
      transcript: new Transcript(secrets),
      prepare: (each) => new ServerContext(settings, each),
      limitMs: limitOf(settings),
      signal: interrupted.signal,
    },
    options,
  );
}

/** No case waits for more than a dozen answers and one thing that takes longer. */
function limitOf({ timing }: ServerSettings): number {
  return timing.answerMs * 12 + timing.silenceMs + timing.settleMs * 4 + timing.expirySeconds * 2000 + timing.expiryGraceMs * 2;
}

function settingsOf(options: ServerOptions): ServerSettings {
  const { url, clientToken, deviceToken, otherDeviceToken, limitedClientToken, peer, ca, timeout, settle, silence, expiry } =
    options;
  if (url === undefined)
    throw new GatewayError('usage.url', 'Which server is to be tested?', { advice: 'Name it: --url wss://host/path.' });
  if (!isWebSocketUrl(url)) {
    throw new GatewayError('usage.url', `The URL of the server cannot be used: ${redactUrl(url)}.`, {
      advice: 'Write wss://host/path or ws://host/path, without a user, a password or a #.',
    });
  }
  checkToken('--client-token', clientToken);
  checkToken('--device-token', deviceToken);
  checkToken('--other-device-token', otherDeviceToken);
  checkToken('--limited-client-token', limitedClientToken);
  return {
    url,
    timing: {
      answerMs: timeout * 1000,
      settleMs: settle * 1000,
      silenceMs: silence * 1000,
      expirySeconds: expiry,
      expiryGraceMs: timeout * 1000,
    },
    ...(clientToken === undefined ? {} : { clientToken }),
    ...(deviceToken === undefined ? {} : { deviceToken }),
    ...(otherDeviceToken === undefined ? {} : { otherDeviceToken }),
    ...(limitedClientToken === undefined ? {} : { limitedClientToken }),
    ...(peer === undefined ? {} : { peer }),
    ...(ca === undefined ? {} : { socket: { ca: read(ca) } }),
  };
}

/** One clear sentence, instead of a failure a case, where there is no server. Whether it serves as it should is for the cases. */
async function reach({ url, socket, timing, clientToken }: ServerSettings): Promise<void> {
  const options = {
    name: 'server',
    transcript: new Transcript(),
    timeoutMs: timing.answerMs,
    ...(clientToken === undefined ? {} : { token: clientToken }),
    ...(socket === undefined ? {} : { socket }),
  };
  try {
    (await RawPeer.open(url, options)).drop();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    if (!NOT_THERE.test(error.actual)) return;
    throw new GatewayError('conformance.no_server', `There is no server at ${redactUrl(url)} (${error.actual}).`, {
      advice: 'Check the URL and the network; for a certificate of your own give --ca.',
      cause: error,
    });
  }
}

/** Says once, instead of in half of the cases, that the tokens of the kit do not belong together. */
async function rehearse(settings: ServerSettings, secrets: readonly string[], signal: AbortSignal): Promise<void> {
  const [rehearsal] = await runCases({
    cases: [
      {
        id: 'rehearsal',
        clause: '5.2.4',
        level: 'shall',
        title: 'A client of the kit connects to a device of the kit',
        run: async (context: ServerContext) => void (await context.open()),
      },
    ],
    transcript: new Transcript(secrets),
    prepare: (each) => new ServerContext(settings, each),
    limitMs: limitOf(settings),
    signal,
  });
  if (rehearsal?.result !== 'fail') return;
  process.stderr.write(
    `No session comes about between the kit's own client and device (${rehearsal.message}), so many cases will fail. ` +
      'Is --device-token the token of a device, --client-token that of a client that may reach it, --peer the id of the device?\n',
  );
}

/** Errors of the network and of TLS, as `ws` passes them on. */
const NOT_THERE = /\bE[A-Z]{4,}\b|certificate|self-signed|handshake has timed out|wrong version number/i;

function read(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new GatewayError('usage.ca', `${file} cannot be read (${(error as Error).message}).`, { cause: error });
  }
}
