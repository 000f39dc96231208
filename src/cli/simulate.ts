import { readFile } from 'node:fs/promises';
import { isIP, isIPv4 } from 'node:net';
import { Command } from 'commander';
import { GatewayError } from '../base/errors.ts';
import { Simulator, type RunningCamera } from '../simulator/simulator.ts';
import { wholeNumber } from './options.ts';
import { untilTerminated } from './termination.ts';

/** Known to everybody, hence for loopback only. */
const DEMO_PASSWORD = 'simulated-camera';

const MAX_CAMERAS = 64;
const MAX_INPUTS = 64;

const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;
const PORT = wholeNumber(0, 65_535);

interface SimulateOptions {
  cameras: number;
  videoSources: number;
  host: string;
  onvifPort: number;
  rtspPort: number;
  username: string;
  passwordFile?: string;
  uuid?: string;
  serialNumber?: string;
  discovery: boolean;
  json?: true;
}

/** `simulate`: simulated cameras alone, until SIGINT or SIGTERM. */
export function simulateCommand(): Command {
  return new Command('simulate')
    .description('Runs simulated ONVIF cameras until it is ended; other ONVIF clients can use them too.')
    .option('--cameras <number>', 'how many cameras', wholeNumber(1, MAX_CAMERAS), 2)
    .option('--video-sources <number>', 'inputs of each camera, as an encoder or NVR has them', wholeNumber(1, MAX_INPUTS), 1)
    .option('--host <address>', 'IP address to listen on; beyond loopback --password-file is needed', '127.0.0.1')
    .option('--onvif-port <port>', 'ONVIF port of the first camera, the others follow; 0: any', PORT, 0)
    .option('--rtsp-port <port>', 'RTSP port of the first camera, the others follow; 0: any', PORT, 0)
    .option('--username <name>', 'user name of the cameras', 'admin')
    .option('--password-file <file>', `file whose first line is the cameras' password; without it: ${DEMO_PASSWORD}`)
    .option('--uuid <uuid>', 'what the one camera is called in discovery, so that it is the same after a restart')
    .option('--serial-number <text>', 'serial number of the one camera; without it: from its UUID')
    .option('--no-discovery', 'not to be found by WS-Discovery')
    .option('--json', 'print one JSON object once the cameras run')
    .action(simulate);
}

async function simulate(options: SimulateOptions): Promise<void> {
  const { cameras, videoSources: inputs, onvifPort, rtspPort, host, username, discovery, uuid, serialNumber } = options;
  if (isIP(host) === 0) throw new GatewayError('usage.host', `--host ${host} is not an IP address.`);
  if (discovery && (!isIPv4(host) || host === '0.0.0.0')) {
    throw new GatewayError('usage.host', `--host ${host} is not the IPv4 address of one interface, which WS-Discovery needs.`, {
      advice: 'Name the address, or add --no-discovery.',
    });
  }
  if (cameras > 1 && (uuid !== undefined || serialNumber !== undefined)) {
    throw new GatewayError('usage.uuid', '--uuid and --serial-number name one camera.', { advice: 'Add --cameras 1.' });
  }
  if (uuid !== undefined && !UUID.test(uuid)) {
    throw new GatewayError('usage.uuid', `--uuid ${uuid} is no UUID.`, { advice: 'Write 32 hexadecimal digits as 8-4-4-4-12.' });
  }
  const password = await readPassword(options);
  const simulator = new Simulator({
    cameras,
    inputs,
    onvifPort,
    rtspPort,
    host,
    username,
    password,
    discovery,
    ...(uuid === undefined ? {} : { uuid }),
    ...(serialNumber === undefined ? {} : { serialNumber }),
  });
  const terminated = untilTerminated();
  const running = await simulator.start();
  // A password from a file stays there.
  const shown = options.passwordFile === undefined ? { username, password } : { username };
  process.stdout.write(options.json === true ? `${JSON.stringify({ ...shown, cameras: running })}\n` : describe(running, shown));
  await terminated;
  await simulator.close();
}

async function readPassword({ passwordFile, host }: SimulateOptions): Promise<string> {
  if (passwordFile === undefined) {
    if (host.startsWith('127.') || host === '::1') return DEMO_PASSWORD;
    throw new GatewayError(
      'usage.password',
      `Cameras on ${host} can be reached from the network; the demo password is known to everybody.`,
      {
        advice: 'Add --password-file with a password of your own.',
      },
    );
  }
  let text: string;
  try {
    text = await readFile(passwordFile, 'utf8');
  } catch (error) {
    throw new GatewayError('usage.password', `The password file ${passwordFile} cannot be read.`, { cause: error });
  }
  const [password = ''] = text.split(/\r?\n/, 1);
  if (password === '') throw new GatewayError('usage.password', `The first line of the password file ${passwordFile} is empty.`);
  return password;
}

function describe(cameras: readonly RunningCamera[], credentials: { username: string; password?: string }): string {
  const { username, password } = credentials;
  const lines = cameras.map(({ name, onvifUrl, rtspUrl }) => `${name}\n  ONVIF  ${onvifUrl}\n  RTSP   ${rtspUrl}\n`);
  const login =
    password === undefined ? `User name ${username}, password as in the file.` : `User name ${username}, password ${password}.`;
  return `${lines.join('')}${login}\n`;
}
