import type { Page } from 'playwright-core';
import { expect, vi } from 'vitest';
import type { Browser } from './chromium.ts';
import type { IceCamera, IceSite } from './ice-site.ts';
import { inbound, part } from './viewer-page.ts';

/** One side of a candidate pair, of Chromium's statistics. */
export interface CandidateEnd {
  type: 'host' | 'srflx' | 'prflx' | 'relay';
  /** By which the path goes, seen from this end. */
  protocol: 'udp' | 'tcp';
  /** By which its own TURN server is reached; undefined for the other side's. */
  relayProtocol?: 'udp' | 'tcp' | 'tls';
  address: string;
  port: number;
}

/** A page that plays one camera of an {@link IceSite}, and what went over its signaling. */
export class IceViewer {
  readonly page: Page;
  readonly #camera: IceCamera;
  readonly #sent: string[] = [];
  readonly #received: string[] = [];

  private constructor(page: Page, camera: IceCamera) {
    this.page = page;
    this.#camera = camera;
    page.on('websocket', (socket) => {
      socket.on('framesent', ({ payload }) => void this.#sent.push(String(payload)));
      socket.on('framereceived', ({ payload }) => void this.#received.push(String(payload)));
    });
  }

  static async open(browser: Browser, site: IceSite, camera: IceCamera): Promise<IceViewer> {
    const viewer = new IceViewer(await browser.context.newPage(), camera);
    await viewer.page.goto(site.page(camera));
    await viewer.page.click(part(camera, 'play'), { timeout: 15_000 });
    return viewer;
  }

  /** Waits until pictures are decoded, and ten more after them, of the first session that the page asked for. */
  async watch(): Promise<void> {
    await this.#decodes(0);
    await this.goesOn();
  }

  /** Waits until ten more pictures are decoded, still of the first session. */
  async goesOn(): Promise<void> {
    await this.#decodes((await this.#decoded()) + 10);
  }

  async #decodes(more: number): Promise<void> {
    await vi.waitFor(
      async () => {
        expect(
          this.#sent.filter((frame) => frame.includes('"method":"connect"')),
          this.#signaled(),
        ).toHaveLength(1);
        expect(await this.#decoded(), this.#signaled()).toBeGreaterThan(more);
      },
      { timeout: 30_000, interval: 50 },
    );
  }

  async #decoded(): Promise<number> {
    return (await inbound(this.page, this.#camera)).video.framesDecoded;
  }

  /** Waits until the page gives the first attempt up. */
  async fails(timeout = 40_000): Promise<void> {
    const playback = () => this.page.evaluate((camera) => window.viewer.sessions[camera]?.playback.state, this.#camera);
    await vi.waitFor(async () => expect(await playback()).toBe('waiting'), { timeout, interval: 50 });
  }

  /** The pair in use: this side and the gateway's. */
  async pair(): Promise<{ local: CandidateEnd; remote: CandidateEnd }> {
    return await this.page.evaluate(async (camera) => {
      const entries = new Map<string, Record<string, unknown>>();
      const report = await window.viewer.sessions[camera]?.peerConnection?.getStats();
      report?.forEach((entry) => entries.set(String(entry['id']), entry));
      const transport = [...entries.values()].find(({ type }) => type === 'transport');
      const pair = entries.get(String(transport?.['selectedCandidatePairId']));
      const end = (id: unknown): CandidateEnd => {
        const { candidateType, protocol, relayProtocol, address, port } = entries.get(String(id)) ?? {};
        return { type: candidateType, protocol, relayProtocol, address, port } as unknown as CandidateEnd;
      };
      return { local: end(pair?.['localCandidateId']), remote: end(pair?.['remoteCandidateId']) };
    }, this.#camera);
  }

  /** For whoever looks at a test that failed. */
  #signaled(): string {
    return ['sent:', ...this.#sent, 'received:', ...this.#received].map((line) => line.slice(0, 300)).join('\n');
  }

  /** Offers that came: one, and one for each ICE restart. */
  get offers(): number {
    return this.#received.filter((frame) => frame.includes('"method":"invite"')).length;
  }

  /** Candidates that the page told the gateway, without the end mark. */
  get candidatesSent(): string[] {
    return candidatesIn(this.#sent);
  }

  /** All candidates of the gateway, once it has told that these are all. */
  async candidatesReceived(): Promise<string[]> {
    const told = (): boolean => this.#received.some((frame) => frame.includes('"candidate":""'));
    await vi.waitFor(() => expect(told(), this.#signaled()).toBe(true), { timeout: 30_000, interval: 50 });
    return candidatesIn(this.#received);
  }
}

function candidatesIn(frames: readonly string[]): string[] {
  return frames.flatMap((frame) => {
    const { params } = JSON.parse(frame) as { params?: { candidate?: { candidate?: string } } };
    const candidate = params?.candidate?.candidate ?? '';
    return candidate === '' ? [] : [candidate];
  });
}
