import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished, vi } from 'vitest';
import type { StreamStats } from '../../src/plane/messages.ts';
import { SimulatedCamera } from '../../src/simulator/simulated-camera.ts';
import type { Counters, GatewayProcess } from './gateway-process.ts';
import { CREDENTIALS } from './site.ts';

/**
 * Samples of what the process holds, of which the least counts: groups of pictures and frames under way come and go, and timers of a
 * start (the longest: ten seconds, after which a registration counts as stable) run out.
 */
const SAMPLES = 24;
const SAMPLE_MS = 500;
const RECOVERY = { timeout: 100_000, interval: 100 };

/** One camera that can be taken away and come back as the same, on the same ports. */
export class ReplaceableCamera {
  readonly id: string;
  camera: SimulatedCamera | undefined;
  readonly ports = { onvif: 0, rtsp: 0 };
  readonly #uuid = randomUUID();

  constructor(id: string) {
    this.id = id;
    onTestFinished(() => this.stop());
  }

  async start(password = CREDENTIALS.password): Promise<void> {
    const { onvif: onvifPort, rtsp: rtspPort } = this.ports;
    this.camera = new SimulatedCamera({ name: this.id, ...CREDENTIALS, password, uuid: this.#uuid, onvifPort, rtspPort });
    const addresses = await this.camera.start();
    this.ports.onvif = addresses.onvifPort;
    this.ports.rtsp = addresses.rtspPort;
  }

  async stop(): Promise<void> {
    await this.camera?.close();
    this.camera = undefined;
  }
}

/** Listens on the port in a camera's place. Returns how to end it, with all its connections. */
export async function standIn(port: number, onConnection: (socket: Socket) => void): Promise<() => Promise<void>> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
    onConnection(socket);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return async () => {
    server.close();
    for (const socket of sockets) socket.destroy();
    await once(server, 'close');
  };
}

export async function streamOf(gateway: GatewayProcess, id: string): Promise<StreamStats | undefined> {
  return (await gateway.stats()).streams.find(({ cameraId }) => cameraId === id);
}

/** Waits until the camera is online, and pictures have come that had not when this was called. */
export async function untilPlaying(gateway: GatewayProcess, id: string): Promise<void> {
  const before = await streamOf(gateway, id);
  await vi.waitFor(async () => {
    const stream = await streamOf(gateway, id);
    const camera = (await gateway.cameras()).find((each) => each.id === id);
    expect([stream?.state, camera?.state, camera?.reason]).toEqual(['playing', 'online', null]);
    expect(stream?.accessUnits).toBeGreaterThan((before?.accessUnits ?? 0) + 10);
  }, RECOVERY);
}

/** What the process holds when nothing happens. */
export async function settled(gateway: GatewayProcess): Promise<Counters> {
  let least = await gateway.counters();
  for (let sample = 1; sample < SAMPLES; sample += 1) {
    await delay(SAMPLE_MS);
    const { heapBytes, resources, descriptors, ...rest } = await gateway.counters();
    least = {
      ...rest,
      heapBytes: Math.min(heapBytes, least.heapBytes),
      resources: leastOf(resources, least.resources),
      descriptors: leastOf(descriptors, least.descriptors),
    };
  }
  return least;
}

function leastOf(counts: Record<string, number>, others: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, Math.min(count, others[name] ?? 0)]));
}

/** What there is more of than before. */
function surplus(counts: Record<string, number>, before: Record<string, number>): string[] {
  return Object.entries(counts).flatMap(([name, count]) => {
    const more = count - (before[name] ?? 0);
    return more > 0 ? [`${more} ${name}`] : [];
  });
}

/**
 * The process holds what it held before: as many sockets, timers and files, and hardly more memory. Prints both.
 *
 * @param growthBytes what the heap may have grown by
 */
export async function expectNothingLeaked(
  gateway: GatewayProcess,
  before: Counters,
  growthBytes: number,
  what: string,
): Promise<void> {
  // What was under way when the camera came back ends by its own time-outs.
  await vi.waitFor(async () => {
    const { resources, descriptors } = await gateway.counters();
    expect([...surplus(resources, before.resources), ...surplus(descriptors, before.descriptors)]).toEqual([]);
  }, RECOVERY);
  const after = await settled(gateway);
  console.log(`${what}\n  before ${describe(before)}\n  after  ${describe(after)}`);
  expect(after.heapBytes - before.heapBytes).toBeLessThan(growthBytes);
}

function describe({ heapBytes, rssBytes, resources, descriptors }: Counters): string {
  const [heap, rss] = [heapBytes, rssBytes].map((bytes) => `${(bytes / 1024 / 1024).toFixed(1)} MiB`);
  const counts = Object.entries({ ...resources, ...descriptors }).map(([name, count]) => `${count} ${name}`);
  return `heap ${heap}, memory ${rss}, ${counts.join(', ')}`;
}
