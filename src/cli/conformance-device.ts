import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { Command, InvalidArgumentError, Option } from 'commander';
import { GatewayError } from '../base/errors.ts';
import type { IceServer } from '../base/ice.ts';
import { isLoopbackHost } from '../base/loopback.ts';
import { isIceServerUrl } from '../config/addresses.ts';
import { DEVICE_CASES } from '../conformance/device/cases/index.ts';
import { DeviceRun } from '../conformance/device/context.ts';
import { type AudioDirection, DEFAULT_TIMING, type DeviceSettings } from '../conformance/device/settings.ts';
import { DeviceStation } from '../conformance/device/station.ts';
import { Transcript } from '../conformance/transcript.ts';
import { addOutputOptions, chooseCases, type OutputOptions, runKit } from './conformance-run.ts';
import { seconds, wholeNumber } from './options.ts';
import { untilTerminated } from './termination.ts';

interface DeviceOptions extends OutputOptions {
  listen: { host: string; port: number };
  tlsCert?: string;
  tlsKey?: string;
  token?: string;
  profile?: string;
  profileAudio?: AudioDirection;
  stun?: string;
  turn?: string;
  turnUser?: string;
  turnPassword?: string;
  wait: number;
  timeout: number;
  settle: number;
  expiry: number;
}

const HELP = `
The kit is signaling server and viewer at once. It prints the URL to configure in the camera as its signaling server,
waits until the camera registers, and then puts the cases to it, one after the other. The camera must be able to reach
this machine at the address that is printed; media go directly between the two. The first camera to register is tested;
others that register too, as those of a gateway do, are left alone.

The cases open some forty sessions and cut the camera off several times, so the camera should serve nobody else
meanwhile. With a keyframe every 4 s or more, requested ones can be told from those that come by themselves.

What the kit cannot know it is to be told: the token that the camera uses, a profile that it has, what that profile has
of sound (--profile-audio). Without them the cases that need them are not applicable.

Exit codes: 0 no case failed, 1 a case failed or no device came, 2 wrong usage.

Examples:
  onvif-webrtc-gateway conformance device --list
  onvif-webrtc-gateway conformance device --listen 192.168.1.5:8090 --token SECRET --profile main --profile-audio sendonly
  onvif-webrtc-gateway conformance device --listen 192.168.1.5:8090 --only 5.2.5 --only trickle-end
  onvif-webrtc-gateway conformance device --listen 192.168.1.5:8443 --tls-cert kit.pem --tls-key kit.key --junit device.xml`;

/** `conformance device`: plays signaling server and client towards a device. */
export function conformanceDeviceCommand(): Command {
  const command = new Command('device')
    .description('Waits for a camera to register and proves that it conforms.')
    .addOption(
      new Option('--listen <host:port>', 'where to listen; port 0: any')
        .argParser(hostPort)
        .default({ host: '127.0.0.1', port: 0 }, '127.0.0.1:0'),
    )
    .option('--tls-cert <file>', 'certificate chain (PEM), to listen with TLS')
    .option('--tls-key <file>', 'its private key (PEM)')
    .addOption(new Option('--token <token>', 'access token that the camera uses').env('ONVIF_GATEWAY_TOKEN'))
    .option('--profile <token>', 'a media profile that the camera has, used for all sessions')
    .addOption(
      new Option('--profile-audio <direction>', 'what the profile makes of the audio track').choices([
        'sendonly',
        'recvonly',
        'sendrecv',
        'none',
      ]),
    )
    .option('--stun <url>', 'STUN server to use instead of the one in the kit, such as stun:192.0.2.1:3478', iceUrl('stun'))
    .option('--turn <url>', 'TURN server to use instead of the one in the kit', iceUrl('turn'))
    .option('--turn-user <name>', 'user name for --turn')
    .addOption(new Option('--turn-password <password>', 'password for --turn').env('ONVIF_TURN_PASSWORD'))
    .option(
      '--wait <seconds>',
      'how long to wait for the camera to connect, and to connect again',
      seconds,
      DEFAULT_TIMING.reconnectMs / 1000,
    )
    .option(
      '--timeout <seconds>',
      'how long an answer may take; a media connection half as long again',
      seconds,
      DEFAULT_TIMING.answerMs / 1000,
    )
    .option('--settle <seconds>', 'how long nothing must come where nothing may', seconds, DEFAULT_TIMING.settleMs / 1000)
    .option(
      '--expiry <seconds>',
      'how long a session lasts whose end is tested',
      wholeNumber(1, 3600),
      DEFAULT_TIMING.expirySeconds,
    );
  return addOutputOptions(command).addHelpText('after', HELP).action(run);
}

async function run(options: DeviceOptions): Promise<void> {
  const cases = chooseCases(DEVICE_CASES, options);
  if (cases === undefined) return;
  const settings = settingsOf(options);
  const tls = tlsOf(options);
  const transcript = new Transcript([settings.token ?? '', options.turnPassword ?? '']);
  const station = new DeviceStation({ ...options.listen, ...(tls === undefined ? {} : { tls }), transcript });
  const interrupted = new AbortController();
  void untilTerminated().then(() => interrupted.abort());
  await listen(station, options);
  try {
    const urls = reachableHosts(options.listen.host).map((host) => station.urlFor(host));
    process.stderr.write(`Configure the camera with the signaling server ${urls.join(' or ')} …\n`);
    if (isLoopbackHost(options.listen.host)) {
      process.stderr.write('Only programs of this machine reach that; for a camera give --listen ADDRESS:PORT.\n');
    }
    await registration(station, settings, interrupted.signal);
    process.stderr.write(`${station.deviceName} registered; ${cases.length} cases begin.\n`);
    // Loaded for this command only, as that of `view`.
    const { HeadlessPeerConnection } = await import('../peer/webrtc/headless/peer-connection.ts');
    const device = new DeviceRun({
      station,
      settings,
      createPeer: ({ iceServers }) => new HeadlessPeerConnection({ iceServers, onFirstFrame: () => undefined }),
    });
    await runKit(
      {
        role: 'device',
        endpoint: () => station.deviceName,
        cases,
        transcript,
        prepare: (each) => device.prepare(each),
        limitMs: limitOf(settings),
        signal: interrupted.signal,
      },
      options,
    );
  } finally {
    await station.close();
  }
}

/** No case waits for more than a handful of reconnections and of answers. */
function limitOf({ timing }: DeviceSettings): number {
  return (
    timing.reconnectMs * 9 +
    timing.answerMs * 6 +
    timing.mediaMs * 4 +
    timing.expirySeconds * 2000 +
    timing.settleMs * 8 +
    timing.stableMs
  );
}

function settingsOf({
  token,
  profile,
  profileAudio,
  stun,
  turn,
  turnUser,
  turnPassword,
  ...times
}: DeviceOptions): DeviceSettings {
  if ((turn === undefined) !== (turnUser === undefined) || (turn !== undefined && turnPassword === undefined)) {
    throw new GatewayError('usage.turn', '--turn, --turn-user and --turn-password go together.', {
      advice: 'Give all, or none.',
    });
  }
  return {
    timing: {
      answerMs: times.timeout * 1000,
      settleMs: times.settle * 1000,
      mediaMs: times.timeout * 1500,
      reconnectMs: times.wait * 1000,
      stableMs: DEFAULT_TIMING.stableMs,
      expirySeconds: times.expiry,
    },
    ...(token === undefined ? {} : { token }),
    ...(profile === undefined ? {} : { profile }),
    ...(profileAudio === undefined ? {} : { profileAudio }),
    ...(stun === undefined ? {} : { stun: { urls: [stun] } satisfies IceServer }),
    ...(turn === undefined || turnUser === undefined || turnPassword === undefined
      ? {}
      : { turn: { urls: [turn], username: turnUser, credential: turnPassword } satisfies IceServer }),
  };
}

function tlsOf({ tlsCert, tlsKey }: DeviceOptions): { cert: Buffer; key: Buffer } | undefined {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined) {
    throw new GatewayError('usage.tls', '--tls-cert and --tls-key go together.', { advice: 'Give both, or none.' });
  }
  return { cert: read(tlsCert), key: read(tlsKey) };
}

function read(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new GatewayError('usage.tls', `${file} cannot be read (${(error as Error).message}).`, { cause: error });
  }
}

async function listen(station: DeviceStation, { listen: { host, port } }: DeviceOptions): Promise<void> {
  try {
    await station.listen();
  } catch (error) {
    throw new GatewayError('conformance.listen', `The kit cannot listen at ${host}:${port} (${(error as Error).message}).`, {
      advice: 'Name an address of this machine and a free port.',
      cause: error,
    });
  }
}

async function registration(station: DeviceStation, { timing }: DeviceSettings, signal: AbortSignal): Promise<void> {
  try {
    await station.until('a device to register', () => station.registered, timing.reconnectMs, signal);
  } catch (error) {
    if (signal.aborted) throw new GatewayError('conformance.interrupted', 'Interrupted before a device registered.');
    const came =
      station.visits.length === 0 ? 'Nothing connected' : `${station.visits.length} connections came, but none registered`;
    throw new GatewayError('conformance.no_device', `${came} within ${timing.reconnectMs / 1000} s.`, {
      advice: 'Check that the camera has the URL above and reaches this machine; --wait gives it longer.',
      cause: error,
    });
  }
}

/** By what a camera can reach the kit that listens there: a wildcard stands for all addresses of this machine. */
function reachableHosts(host: string): string[] {
  if (host !== '0.0.0.0' && host !== '::') return [host];
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const usable = addresses.filter(({ internal, family }) => !internal && (host === '::' || family === 'IPv4'));
  const named = usable.map(({ address }) => address).filter((address) => !address.startsWith('fe80:'));
  return named.length === 0 ? [host] : named;
}

function iceUrl(kind: 'stun' | 'turn'): (value: string) => string {
  return (value) => {
    if (isIceServerUrl(value) && value.toLowerCase().startsWith(kind)) return value;
    throw new InvalidArgumentError(`Write ${kind}:HOST:PORT or ${kind}s:HOST:PORT.`);
  };
}

/** `HOST:PORT`, `[IPv6]:PORT`. */
function hostPort(value: string): { host: string; port: number } {
  const { bracketed, plain, port } = /^(?:\[(?<bracketed>[^\]]+)\]|(?<plain>[^:]+)):(?<port>\d{1,5})$/.exec(value)?.groups ?? {};
  const host = bracketed ?? plain;
  const isAddress = bracketed === undefined || isIP(bracketed) === 6;
  if (host === undefined || port === undefined || !isAddress || Number(port) > 65_535) {
    throw new InvalidArgumentError('Write HOST:PORT, such as 192.168.1.5:8090 or [fd00::5]:8090.');
  }
  return { host, port: Number(port) };
}
