import { existsSync } from 'node:fs';
import { Command } from 'commander';
import { GatewayError } from '../base/errors.ts';
import type { AddedCamera } from '../config/add-cameras.ts';
import { DEFAULT_FILES } from './check.ts';
import { credentialsOf } from './credentials.ts';
import { locate } from './discover-camera.ts';
import { jsonDisplay, liveDisplay, plainDisplay, type Display } from './discover-display.ts';
import { assertWritable, readKnownCameras, writeCameras } from './discover-files.ts';
import { findCameras, type SearchResult } from './discover-search.ts';
import { counted } from './discover-table.ts';
import { collect, seconds } from './options.ts';

interface DiscoverCommandOptions {
  json?: true;
  timeout: number;
  interface?: string[];
  username?: string;
  passwordFile?: string;
  config?: string;
  write?: string;
}

const HELP = `
Without targets it searches the networks that this machine is in, by multicast out of every interface. Cameras behind
a router (another VLAN) do not hear that: name their addresses or networks, and each address is asked, 200 packets a
second (a /24 takes 5 seconds; a /16, which is the most, 22 minutes). UDP port 3702 must be open on the way.

With --username each camera is asked for model, firmware and video sources, and whether it takes the credentials; the
password goes out as a digest only. Without it you see what cameras tell everybody.

--write adds the cameras that are not in the config yet and leaves all else in the file as it is. No password is
written: each camera takes its own from an environment variable, and you are told which. With --username an encoder or
NVR becomes a camera for each of its video sources.

Exit codes: 0 searched (also when nothing was found), 1 failed, 2 wrong usage or configuration.

Examples:
  onvif-webrtc-gateway discover
  onvif-webrtc-gateway discover 192.168.20.0/24 cam7.example --timeout 3
  onvif-webrtc-gateway discover --username viewer --password-file camera-password --write gateway.yaml
  onvif-webrtc-gateway discover --interface eth1 --json`;

/** `discover`: finds ONVIF cameras and can add them to a config. */
export function discoverCommand(): Command {
  return new Command('discover')
    .description('Finds the ONVIF cameras on the network and can add them to a config.')
    .argument('[targets...]', 'addresses, host names or IPv4 networks to ask, in place of the search by multicast')
    .option('--json', 'print one array of cameras at the end, and nothing else')
    .option('--timeout <seconds>', 'how long to wait for answers', seconds, 5)
    .option('--interface <name>', 'search only out of this interface (its name or address); may be repeated', collect)
    .option('--username <name>', 'user name to try at each camera')
    .option('--password-file <file>', 'file whose first line is the password to try')
    .option('--config <file>', `config that says which cameras are known (default: ./${DEFAULT_FILES.join(', then ')})`)
    .option('--write <file>', 'add new cameras to this config; it is made where there is none')
    .addHelpText('after', HELP)
    .action(run);
}

async function run(targets: string[], options: DiscoverCommandOptions): Promise<void> {
  if (targets.length > 0 && options.interface !== undefined) {
    throw new GatewayError('usage.interface', '--interface is for the search by multicast.', {
      advice: 'Leave it out: packets to addresses go where the routes of this machine lead.',
    });
  }
  const credentials = credentialsOf(options);
  if (options.write !== undefined) assertWritable(options.write);
  const configured = await locate(configFiles(options).flatMap(readKnownCameras));
  const interrupted = new AbortController();
  process.once('SIGINT', () => interrupted.abort());
  const result = await searchAndShow(displayFor(options), {
    targets,
    interfaces: options.interface,
    timeoutMs: options.timeout * 1000,
    credentials,
    configured,
    signal: interrupted.signal,
  });
  const say = (text: string): void => void process.stderr.write(`${text}\n`);
  say(summaryOf(result, targets.length > 0));
  if (options.write === undefined) return;
  if (interrupted.signal.aborted) say(`Interrupted: nothing was added to ${options.write}.`);
  else if (result.toAdd.length === 0) say(`Nothing to add to ${options.write}.`);
  else say(describeAdded(options.write, writeCameras(options.write, result.toAdd), credentials !== undefined));
}

async function searchAndShow(display: Display, request: Parameters<typeof findCameras>[0]): Promise<SearchResult> {
  const result = await findCameras(request, display).catch((error: unknown) => {
    display.failed();
    throw error;
  });
  display.end(result.cameras);
  return result;
}

function displayFor({ json }: DiscoverCommandOptions): Display {
  if (json === true) return jsonDisplay();
  return process.stdout.isTTY ? liveDisplay(process.stdout) : plainDisplay();
}

/** Which say what is known already: the one that is written, and the one that is named or lies in its usual place. */
function configFiles({ config, write }: DiscoverCommandOptions): string[] {
  const written = write !== undefined && existsSync(write) ? [write] : [];
  const named = config ?? (write === undefined ? DEFAULT_FILES.find((file) => existsSync(file)) : undefined);
  return [...new Set([...written, ...(named === undefined ? [] : [named])])];
}

function summaryOf({ cameras, toAdd, ignored }: SearchResult, byAddress: boolean): string {
  if (cameras.length > 0) return `${counted(cameras.length, 'camera')} found, ${toAdd.length} not in a config yet.`;
  const heard = ignored === 0 ? '' : ` (${counted(ignored, 'packet')} came that ${ignored === 1 ? 'was' : 'were'} no answer)`;
  const checks = byAddress
    ? [
        'Is UDP port 3702 open on the way there, and back from it?',
        'Many cameras answer only to multicast: run discover on a machine in their network.',
      ]
    : [
        'Are the cameras in a network of this machine? If they are behind a router, name it: discover 192.168.20.0/24',
        'Does a firewall here block UDP, or a switch hold multicast back (IGMP snooping)?',
      ];
  const all = ['Is ONVIF, and its discovery, switched on in the cameras?', ...checks, 'Longer: --timeout 15'];
  return `No camera was found${heard}. To check:\n${all.map((check) => `  - ${check}`).join('\n')}`;
}

function describeAdded(file: string, added: readonly AddedCamera[], hasUsername: boolean): string {
  const ids = added.map(({ id }) => id).join(', ');
  const exports = [...new Set(added.map(({ variable }) => variable))].map((variable) => `  export ${variable}=...`).join('\n');
  const what = hasUsername
    ? 'Set their passwords in the environment (systemd: EnvironmentFile=) before the gateway starts:'
    : 'User names and passwords are left out; take the # away in the file where a camera has them, and set:';
  return `Added ${counted(added.length, 'camera')} to ${file}: ${ids}\n${what}\n${exports}\nThen: check --config ${file}`;
}
