import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { temporaryFolder } from '../owned.ts';
import { cameraName, cameraUrls, freePort, Program, type Sender, type SenderOptions, type StartSender } from './sender.ts';

/* Other gateways, as they are run with nothing else switched on, on loopback alone. */

export interface Peer {
  name: string;
  start: StartSender;
}

/**
 * Reads `NAME=PATH`.
 *
 * @throws Error with what is wrong
 */
export function peerOf(argument: string): Peer {
  const [, name, path] = /^([\w.-]+)=(.+)$/.exec(argument) ?? [];
  if (name === undefined || path === undefined) throw new Error(`"${argument}" is not NAME=PATH`);
  const program = resolve(path);
  const kind = kindOf(name, program);
  return { name, start: (options) => STARTS[kind](program, options) };
}

type Kind = 'go2rtc' | 'mediamtx';

function kindOf(name: string, program: string): Kind {
  const said = ['--version', '--help'].map((option) => sayingOf(program, option)).join('\n');
  if (/go2rtc/i.test(said)) return 'go2rtc';
  if (/mediamtx/i.test(said)) return 'mediamtx';
  if (/^go2rtc/i.test(name)) return 'go2rtc';
  if (/^mediamtx/i.test(name)) return 'mediamtx';
  throw new Error(`${program} says of itself neither go2rtc nor mediamtx, and NAME begins with neither`);
}

function sayingOf(program: string, option: string): string {
  try {
    return execFileSync(program, [option], { encoding: 'utf8', timeout: 5000, stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new Error(`${program} is not there`, { cause: error });
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    return `${stdout}${stderr}`;
  }
}

const STARTS: Readonly<Record<Kind, (program: string, options: SenderOptions) => Promise<Sender>>> = {
  async go2rtc(path, { site, alwaysPulled = false }) {
    const [api, webrtc] = [await freePort(), await freePort()];
    const config = {
      app: { modules: ['api', 'ws', 'rtsp', 'webrtc'] },
      api: { listen: `127.0.0.1:${api}` },
      rtsp: { listen: '' },
      webrtc: {
        ...{ listen: `127.0.0.1:${webrtc}/udp`, ice_servers: [] },
        filters: { loopback: true, interfaces: ['lo'], ips: ['127.0.0.1'], networks: ['udp4'] },
      },
      streams: cameraUrls(site),
      ...(alwaysPulled ? { preload: Object.fromEntries(Object.keys(cameraUrls(site)).map((id) => [id, 'video'])) } : {}),
      log: { level: 'warn' },
    };
    const program = run(path, ['-config'], config, 'go2rtc.yaml');
    await program.answersAt(`http://127.0.0.1:${api}/api`);
    return senderOf(program, (camera) => `http://127.0.0.1:${api}/api/webrtc?src=${cameraName(camera)}`);
  },

  async mediamtx(path, { site, alwaysPulled = false }) {
    const [http, udp] = [await freePort(), await freePort()];
    const off = ['api', 'metrics', 'pprof', 'playback', 'rtsp', 'rtmp', 'hls', 'srt'];
    const source = (url: string): object => ({
      ...{ source: url, rtspTransport: 'tcp' },
      ...(alwaysPulled ? {} : { sourceOnDemand: true, sourceOnDemandCloseAfter: '1s' }),
    });
    const config = {
      logLevel: 'warn',
      ...Object.fromEntries(off.map((protocol) => [protocol, false])),
      ...{ webrtc: true, webrtcAddress: `127.0.0.1:${http}`, webrtcLocalUDPAddress: `127.0.0.1:${udp}`, webrtcICEServers2: [] },
      ...{ webrtcIPsFromInterfaces: true, webrtcIPsFromInterfacesList: ['lo'] },
      paths: Object.fromEntries(Object.entries(cameraUrls(site)).map(([id, url]) => [id, source(url)])),
    };
    // Releases that know no MoQ do not start when their config names it; what they do not know of the environment they pass over.
    const program = run(path, [], config, 'mediamtx.yml', { MTX_MOQ: 'no' });
    await program.answersAt(`http://127.0.0.1:${http}/`);
    return senderOf(program, (camera) => `http://127.0.0.1:${http}/${cameraName(camera)}/whep`);
  },
};

/** @param options before the path of the config; JSON is YAML */
function run(
  path: string,
  options: readonly string[],
  config: object,
  file: string,
  environment?: Record<string, string>,
): Program {
  const folder = temporaryFolder();
  writeFileSync(join(folder, file), JSON.stringify(config));
  return new Program(path, [...options, join(folder, file)], folder, environment);
}

function senderOf(program: Program, urlOf: (camera: number) => string): Sender {
  return {
    pid: program.pid,
    place: (camera) => ({ kind: 'whep', url: urlOf(camera) }),
    loopDelayMs: () => Promise.resolve(undefined),
    close: () => program.close(),
  };
}
