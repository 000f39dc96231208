import { createHash, createPublicKey } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Thinning } from '../../src/base/adaptation.ts';
import type { SessionInfo } from '../../src/base/api.ts';
import type { IceServer } from '../../src/base/ice.ts';
import { makeCertificate } from './certificate.ts';
import { launchChromium, type Browser } from './chromium.ts';
import { CliProcess } from './cli.ts';
import { closeAll } from './close-all.ts';
import { startCoturn } from './coturn.ts';
import type { InternetOptions } from './ice-internet.ts';
import { INTERNET, IceNetwork, RELAY_PORTS, type Place } from './ice-network.ts';
import { Program } from './program.ts';

/*
 * The product between real parts, in the namespaces of ice-network.ts: the gateway as it is installed, with a simulated camera beside it, registers at
 * signaling servers in the internet, where coturn is too. Viewers are a real Chromium or `view`.
 */

const USERNAME = 'somebody';
const CREDENTIAL = 'turn-password';
const TOKEN = { viewer: 'viewer-token', device: 'device-token' };

/** A program on a machine that has much else to do. */
const START_MS = 30_000;

const turn = (...urls: string[]): IceServer[] => [{ urls, username: USERNAME, credential: CREDENTIAL }];
const STUN = `stun:${INTERNET}:3478`;
const TURN_UDP = `turn:${INTERNET}:3478?transport=udp`;
const TURN_TCP = `turn:${INTERNET}:3478?transport=tcp`;
const TURN_TLS = `turns:${INTERNET}:5349?transport=tcp`;

/** What a signaling server gives to both sides; by the name of the server, and of the camera that registers there. */
const ICE_SERVERS = {
  none: [],
  stun: [{ urls: [STUN] }],
  'turn-udp': turn(TURN_UDP),
  'turn-tcp': turn(TURN_TCP),
  'turn-tls': turn(TURN_TLS),
  all: [{ urls: [STUN] }, ...turn(TURN_UDP, TURN_TCP, TURN_TLS)],
} as const satisfies Record<string, IceServer[]>;
/** A camera, named by the ICE servers that its signaling server gives. */
export type IceCamera = keyof typeof ICE_SERVERS;

/** Prints the gateway's sessions each time that another one is there, one is not there any more, or is sent less or more. */
const SESSION_WATCH = `
  for (let before = ''; ; await new Promise((resolve) => setTimeout(resolve, 50))) {
    const { sessions } = await (await fetch('http://127.0.0.1:8080/api/sessions')).json();
    const thinning = (adaptation) => adaptation?.rungs[adaptation.rung].thinning;
    const now = JSON.stringify(sessions.map(({ id, camera, adaptation }) => ({ id, camera, thinning: thinning(adaptation) })));
    if (now !== before) console.log(now);
    before = now;
  }`;

type WatchedSession = Pick<SessionInfo, 'id' | 'camera'> & { thinning?: Thinning };

export class IceSite {
  readonly network: IceNetwork;
  readonly viewerToken = TOKEN.viewer;
  readonly #closers: (() => unknown)[] = [];
  readonly #certificate = makeCertificate(INTERNET);
  readonly #folder: string;
  #internetPort = 0;
  #gateway: CliProcess | undefined;
  #sessionWatch: Program | undefined;

  /** @throws Error that names what is missing where the machine allows no namespaces; root is needed */
  constructor() {
    this.network = new IceNetwork();
    this.#closers.push(() => this.network.close());
    this.#folder = mkdtempSync(join(tmpdir(), 'ice-'));
    this.#closers.push(() => rmSync(this.#folder, { recursive: true }));
    writeFileSync(this.#path('authority.pem'), this.#certificate.cert);
  }

  /**
   * @param webrtc the section of the gateway's configuration, in YAML's flow style
   * @param trusts whether the gateway takes the TURN server's certificate for true
   */
  async start({ webrtc = '{}', trusts = true } = {}): Promise<void> {
    const coturn = await startCoturn({
      ...{ prefix: this.network.at('internet').prefix, address: INTERNET, certificate: this.#certificate },
      ...{ username: USERNAME, credential: CREDENTIAL, relayPorts: RELAY_PORTS },
    });
    this.#closers.push(() => coturn.close());
    await this.#startInternet();
    const rtsp = await this.#startCamera();
    await this.#startGateway(webrtc, rtsp, trusts);
  }

  /** The viewer page that plays one camera. */
  page(camera: IceCamera): string {
    const query = new URLSearchParams({ server: this.signaling(camera), peer: camera, token: TOKEN.viewer });
    return `http://${INTERNET}:${this.#internetPort}/?${query}`;
  }

  signaling(camera: IceCamera): string {
    return `ws://${INTERNET}:${this.#internetPort}/signaling/${camera}`;
  }

  /** A Chromium that trusts the TURN server. `args` are further flags. */
  async openChromium(place: Place, args: readonly string[] = []): Promise<Browser> {
    const key = createPublicKey(this.#certificate.cert).export({ type: 'spki', format: 'der' });
    const trust = `--ignore-certificate-errors-spki-list=${createHash('sha256').update(key).digest('base64')}`;
    const browser = await launchChromium({}, { prefix: this.network.at(place).prefix, args: [trust, ...args] });
    this.#closers.push(() => browser.close());
    return browser;
  }

  /** What `view --json` prints after two seconds of watching. */
  async view(place: Place, camera: IceCamera): Promise<Record<string, unknown>> {
    const where = ['--server', this.signaling(camera), '--peer', camera, '--token', TOKEN.viewer];
    const view = new CliProcess(['view', ...where, '--duration', '4', '--json'], this.#inside(place));
    if ((await view.exit()) !== 0) throw new Error(`view failed: ${view.stdout}${view.stderr}`);
    return JSON.parse(view.stdout) as Record<string, unknown>;
  }

  /** Runs until {@link close}. */
  run(place: Place, command: readonly string[]): Program {
    const program = new Program([...this.network.at(place).prefix, ...command]);
    this.#closers.push(() => end(program, 'SIGKILL'));
    return program;
  }

  /** Ids of the sessions of a camera's viewers, as the gateway's API listed them a moment ago. */
  sessions(camera: IceCamera): string[] {
    return this.#watched(camera).map(({ id }) => id);
  }

  /** What is left out of the pictures of each of these viewers, likewise; undefined where it was not decided yet. */
  thinnings(camera: IceCamera): (Thinning | undefined)[] {
    return this.#watched(camera).map(({ thinning }) => thinning);
  }

  #watched(camera: IceCamera): WatchedSession[] {
    // After the last end of a line comes what is still being said.
    const sessions = JSON.parse(this.#sessionWatch?.stdout.split('\n').at(-2) ?? '[]') as WatchedSession[];
    return sessions.filter((session) => session.camera === camera);
  }

  /** For whoever looks at a test that failed. */
  tellLog(): void {
    process.stderr.write(`\n${this.#gateway?.stderr ?? 'There is no gateway.'}\n`);
  }

  /** Ends everything, also what was only half started. */
  async close(): Promise<void> {
    await closeAll(this.#closers);
  }

  #path(name: string): string {
    return join(this.#folder, name);
  }

  #inside(place: Place): { prefix: readonly string[]; env: Record<string, string> } {
    return { prefix: this.network.at(place).prefix, env: { NODE_EXTRA_CA_CERTS: this.#path('authority.pem') } };
  }

  async #startInternet(): Promise<void> {
    const options: InternetOptions = { host: INTERNET, token: TOKEN, iceServers: ICE_SERVERS };
    const script = fileURLToPath(new URL('ice-internet.ts', import.meta.url));
    const internet = this.run('internet', [process.execPath, script, JSON.stringify(options)]);
    this.#internetPort = Number((await internet.says(/"port":(\d+)/, START_MS))[1]);
  }

  async #startCamera(): Promise<string> {
    const camera = new CliProcess(['simulate', '--cameras', '1', '--no-discovery', '--json'], this.#inside('gateway'));
    this.#closers.push(() => end(camera, 'SIGTERM'));
    const [, password = '', rtsp = ''] = await camera.says(/"password":"([^"]+)".*"rtspUrl":"([^"]+)"/, START_MS);
    writeFileSync(this.#path('password'), password);
    return rtsp;
  }

  async #startGateway(webrtc: string, rtsp: string, trusts: boolean): Promise<void> {
    const cameras = Object.keys(ICE_SERVERS).map((name) => {
      const signaling = `{server: "${this.signaling(name as IceCamera)}", token: ${TOKEN.device}}`;
      return `  - {id: ${name}, rtsp: {main: "${rtsp}"}, username: admin, password_file: password, signaling: ${signaling}}\n`;
    });
    const config = `http: {listen: "127.0.0.1:8080"}\ndiscovery: {enabled: false}\nwebrtc: ${webrtc}\ncameras:\n${cameras.join('')}`;
    writeFileSync(this.#path('gateway.yaml'), config);
    const { prefix, env } = this.#inside('gateway');
    const gateway = new CliProcess(['run', '--config', this.#path('gateway.yaml')], { prefix, ...(trusts ? { env } : {}) });
    this.#gateway = gateway;
    this.#closers.push(() => end(gateway, 'SIGTERM'));
    for (const name of Object.keys(ICE_SERVERS)) await gateway.says(new RegExp(`at the signaling server as ${name}"`), START_MS);
    this.#sessionWatch = this.run('gateway', [process.execPath, '--input-type=module', '-e', SESSION_WATCH]);
    await this.#sessionWatch.says(/\[\]/, START_MS);
  }
}

async function end(program: Program, signal: NodeJS.Signals): Promise<void> {
  program.kill(signal);
  await program.exit();
}
