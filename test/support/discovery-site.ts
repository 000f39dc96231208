import { expect, vi } from 'vitest';
import type { CameraInfo } from '../../src/base/api.ts';
import { delay } from '../../src/base/delay.ts';
import { createLogger } from '../../src/base/log.ts';
import type { CameraOptions } from '../../src/camera/camera.ts';
import type { DiscoverySettings } from '../../src/gateway/discovery/site-discovery.ts';
import type { GatewayCameraConfig, GatewayOptions } from '../../src/gateway/gateway.ts';
import { DiscoveryResponder } from '../../src/simulator/discovery-responder.ts';
import { SimulatedCamera, type SimulatedCameraOptions } from '../../src/simulator/simulated-camera.ts';
import { CREDENTIALS, recordingLogger, startSite, type Site } from './site.ts';

/* A gateway that searches the loopback interface, where each camera has an address of its own (127.0.0.2 and so on). */

export const UUID = '5f1c2a00-0000-4000-8000-000000000001';
export const WAIT = { timeout: 30_000, interval: 50 };
const closers: (() => unknown)[] = [];

/** To be called after each test. */
export async function closeSites(): Promise<void> {
  for (const close of closers.splice(0).reverse()) await close();
}

/** Runs at the end of the test, before what was started before it ends. */
export function atEnd(close: () => unknown): void {
  closers.push(close);
}

/** A UDP port of WS-Discovery that is this test's. */
export async function discoveryPort(): Promise<number> {
  const responder = new DiscoveryResponder({ port: 0 });
  await responder.start();
  closers.push(() => responder.close());
  return responder.port;
}

interface Placed {
  camera: SimulatedCamera;
  onvifPort: number;
  close(): Promise<void>;
}

/** A camera at an address of its own, which also answers discovery there. */
export async function place(host: string, port: number, options: Partial<SimulatedCameraOptions> = {}): Promise<Placed> {
  const discovery = new DiscoveryResponder({ port, addresses: [host] });
  await discovery.start();
  const camera = new SimulatedCamera({ name: 'Yard', ...CREDENTIALS, host, discovery, ...options });
  const { onvifPort } = await camera.start();
  const close = async (): Promise<void> => {
    await camera.close();
    await discovery.close();
  };
  closers.push(close);
  return { camera, onvifPort, close };
}

export async function startGateway(
  port: number,
  cameras: GatewayCameraConfig['camera'][],
  options: Partial<GatewayOptions> = {},
): Promise<Site & { said: () => string[] }> {
  const { logger, lines } = recordingLogger((destination) => createLogger({ destination }));
  const discovery: DiscoverySettings = { adopt: 'none', interfaces: ['127.0.0.1'], port };
  const site = await startSite(cameras, { discovery, logger, ...options });
  closers.push(() => site.close());
  return { ...site, said: () => lines.map(({ msg }) => String(msg)) };
}

export const configured = (host: string, port: number): CameraOptions => ({
  id: 'yard',
  name: 'Yard',
  onvif: { host, port },
  credentials: CREDENTIALS,
});

export function only(site: Site): CameraInfo {
  const [camera, ...others] = site.gateway.cameras();
  if (camera === undefined || others.length > 0) throw new Error(`There are ${others.length + 1} cameras.`);
  return camera;
}

export async function online(site: Site, address: string): Promise<void> {
  await vi.waitFor(() => expect(only(site)).toMatchObject({ state: 'online', address }), WAIT);
}

/** Waits until it is known what the camera of the site calls itself. */
export async function known(site: Site): Promise<void> {
  await vi.waitFor(() => expect(only(site).state).toBe('online'), WAIT);
  await vi.waitFor(() => expect(site.gateway.discoveryStats()?.searches).toBeGreaterThan(0), WAIT);
  // Looked at shortly after the search.
  await delay(500);
}
