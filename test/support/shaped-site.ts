import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import type { CameraInfo, SessionInfo } from '../../src/base/api.ts';
import { makeCertificate } from './certificate.ts';
import { launchChromium, type Browser } from './chromium.ts';
import { CliProcess } from './cli.ts';
import { closeAll } from './close-all.ts';
import { Program } from './program.ts';
import { ShapedNetwork, SITE_ADDRESS, type ShapedLink } from './shaped-network.ts';

/*
 * The product as it is installed, behind the links of shaped-network.ts: two simulated cameras, a gateway that shows viewers what their links carry, Chromium and `view`.
 */

const TOKEN = 'viewer-token';
const PORT = 8443;
const WATCH_MS = 250;
/** A program on a machine that has much else to do. */
const START = { timeout: 30_000, interval: 50 };

/** The camera with its two profiles, and another one of which the gateway knows the main profile alone. */
export type ShapedCamera = 'ladder' | 'single';

/** What the gateway's API said at one moment. */
export interface Said {
  /** Milliseconds since 1970. */
  atMs: number;
  sessions: SaidSession[];
  cameras: Pick<CameraInfo, 'id' | 'peer' | 'state' | 'ladders'>[];
}

export type SaidSession = Pick<
  SessionInfo,
  'id' | 'camera' | 'state' | 'profile' | 'estimatedKbps' | 'sentKbps' | 'fractionLost' | 'roundTripMs'
> & {
  /** Profile and thinning of what is sent, as in `sub keyframes`; null while nothing is decided. */
  rung: string | null;
  switches: number | null;
};

/** Prints {@link Said}, line by line. */
const WATCH = `
  const [api, token, waitMs] = process.argv.slice(1);
  const ask = async (what) => (await (await fetch(api + what, { headers: { authorization: 'Bearer ' + token } })).json())[what];
  const rungOf = (adaptation) => adaptation?.rungs[adaptation.rung] ?? null;
  const nameOf = (rung) => (rung === null ? null : rung.profile + ' ' + rung.thinning);
  for (;;) {
    const [sessions, cameras] = await Promise.all([ask('sessions'), ask('cameras')]);
    console.log(JSON.stringify({
      atMs: Date.now(),
      sessions: sessions.map(({ id, camera, state, profile, estimatedKbps, sentKbps, fractionLost, roundTripMs, adaptation }) => ({
        ...{ id, camera, state, profile, estimatedKbps, sentKbps, fractionLost, roundTripMs },
        ...{ rung: nameOf(rungOf(adaptation)), switches: adaptation?.switches ?? null },
      })),
      cameras: cameras.map(({ id, peer, state, ladders }) => ({ id, peer, state, ladders })),
    }));
    await new Promise((resolve) => setTimeout(resolve, Number(waitMs)));
  }`;

export class ShapedSite {
  readonly url = `https://${SITE_ADDRESS}:${PORT}`;
  readonly network: ShapedNetwork;
  readonly #folder = mkdtempSync(join(tmpdir(), 'shaped-'));
  readonly #closers: (() => unknown)[] = [];
  readonly #rtspPorts: Partial<Record<ShapedCamera, string>> = {};
  #gateway: CliProcess | undefined;
  #watch: Program | undefined;

  private constructor(network: ShapedNetwork) {
    this.network = network;
    this.#closers.push(() => rmSync(this.#folder, { recursive: true }));
    this.#closers.push(() => network.close());
  }

  /** @throws Error that names what is missing where the machine allows no namespaces; root is needed */
  static async start(): Promise<ShapedSite> {
    const site = new ShapedSite(await ShapedNetwork.create());
    try {
      await site.#start();
    } catch (error) {
      await site.close();
      throw error;
    }
    return site;
  }

  /** The viewer page with all cameras. */
  get page(): string {
    return `${this.url}/?token=${TOKEN}`;
  }

  /** Those that are live, the newest last. */
  live(camera: ShapedCamera): SaidSession[] {
    return this.said.sessions.filter((session) => session.camera === camera && session.state === 'live');
  }

  async openChromium({ namespace }: ShapedLink): Promise<Browser> {
    const browser = await launchChromium({ ignoreHTTPSErrors: true }, { prefix: namespace.prefix });
    this.#closers.push(() => browser.close());
    return browser;
  }

  /** The `view` command, which watches until {@link close}, or so many seconds. */
  view({ namespace }: ShapedLink, camera: ShapedCamera, seconds: number): CliProcess {
    const { peer } = this.said.cameras.find(({ id }) => id === camera) ?? {};
    const where = ['--server', `${this.url.replace('http', 'ws')}/signaling`, '--peer', peer ?? '', '--token', TOKEN];
    return this.#run(new CliProcess(['view', ...where, '--duration', String(seconds), '--json'], this.#inside(namespace.prefix)));
  }

  /** What the API said last; the first line is awaited by {@link start}. */
  get said(): Said {
    // After the last end of a line comes what is still being said.
    return JSON.parse(this.#watch?.stdout.split('\n').at(-2) ?? '') as Said;
  }

  /** All that the API said so far. */
  get history(): Said[] {
    return (this.#watch?.stdout.split('\n').slice(0, -1) ?? []).map((line) => JSON.parse(line) as Said);
  }

  /** Connections to a camera's RTSP server, by what the system knows of them: one a pull. */
  pulls(camera: ShapedCamera): number {
    const filter = ['state', 'established', `( dport = :${this.#rtspPorts[camera] ?? ''} )`];
    return this.network.site
      .run('ss', '-Htn', ...filter)
      .trim()
      .split('\n')
      .filter(Boolean).length;
  }

  /** For whoever looks at a test that failed. */
  tellLog(): void {
    process.stderr.write(`\n${this.#gateway?.stderr ?? ''}\n`);
  }

  /** Ends everything, also what was only half started. */
  async close(): Promise<void> {
    await closeAll(this.#closers);
  }

  async #start(): Promise<void> {
    const { key, cert } = makeCertificate(SITE_ADDRESS);
    writeFileSync(this.#path('key.pem'), key);
    writeFileSync(this.#path('cert.pem'), cert);
    const cameras = this.#run(new CliProcess(['simulate', '--cameras', '2', '--no-discovery', '--json'], this.#inside()));
    await cameras.says(/\}\n$/, START.timeout);
    const { username, password, cameras: simulated } = JSON.parse(cameras.stdout) as Simulated;
    writeFileSync(this.#path('password'), password);
    const [ladder, single] = simulated.map(({ onvifUrl, rtspUrl }) => ({ onvif: onvifUrl, rtsp: rtspUrl }));
    this.#rtspPorts.ladder = new URL(ladder?.rtsp ?? '').port;
    this.#rtspPorts.single = new URL(single?.rtsp ?? '').port;
    const config = {
      http: {
        listen: `${SITE_ADDRESS}:${PORT}`,
        tls: { cert: 'cert.pem', key: 'key.pem' },
        auth: { tokens: [{ token: TOKEN }] },
      },
      discovery: { enabled: false },
      media: { adaptive: true },
      cameras: [
        { id: 'ladder', onvif: ladder?.onvif, username, password_file: 'password' },
        { id: 'single', rtsp: { main: single?.rtsp }, username, password_file: 'password' },
      ],
    };
    // YAML is a superset of JSON.
    writeFileSync(this.#path('gateway.yaml'), JSON.stringify(config));
    this.#gateway = this.#run(new CliProcess(['run', '--config', this.#path('gateway.yaml')], this.#inside()));
    await this.#gateway.says(new RegExp(`${SITE_ADDRESS}:${PORT}`), START.timeout);
    const { prefix, env } = this.#inside();
    const watch = [process.execPath, '--input-type=module', '-e', WATCH, `${this.url}/api/`, TOKEN, String(WATCH_MS)];
    this.#watch = this.#run(new Program([...prefix, ...watch], { env }));
    await this.#watch.says(/\n/, START.timeout);
    await vi.waitFor(() => {
      const { cameras: all } = this.said;
      if (all.some(({ id, peer, state }) => peer === null || (id === 'ladder' && state !== 'online')))
        throw new Error(this.#gateway?.stderr);
    }, START);
  }

  #path(name: string): string {
    return join(this.#folder, name);
  }

  #inside(prefix = this.network.site.prefix): { prefix: readonly string[]; env: Record<string, string> } {
    return { prefix, env: { NODE_EXTRA_CA_CERTS: this.#path('cert.pem') } };
  }

  /** Ends it with the site. */
  #run<Kind extends Program>(program: Kind): Kind {
    this.#closers.push(async () => {
      program.kill('SIGTERM');
      await program.exit();
    });
    return program;
  }
}

/** What `simulate --json` prints. */
interface Simulated {
  username: string;
  password: string;
  cameras: { onvifUrl: string; rtspUrl: string }[];
}
