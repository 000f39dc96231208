import { randomBytes } from 'node:crypto';
import { GatewayError, reasonOf } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import { discover } from '../camera/discovery/ws-discovery.ts';
import { Gateway, type GatewayCameraConfig } from '../gateway/gateway.ts';
import { DEFAULT_MEDIA_SETTINGS } from '../gateway/media-settings.ts';
import { DiscoveryResponder } from '../simulator/discovery-responder.ts';
import { SimulatedCamera } from '../simulator/simulated-camera.ts';

const LOOPBACK = '127.0.0.1';
const USERNAME = 'demo';
const DISCOVERY_TIMEOUT_MS = 3000;

/** The demo as it runs: simulated cameras found by discovery, watched through every real part, nothing beyond loopback. */
export interface Demo {
  /** Address of the page, with the token of this run. */
  url: string;
  close(): Promise<void>;
}

export interface DemoOptions {
  /** TCP port of the page; 0: any. */
  port: number;
  cameras: number;
  logger: Logger;
}

export async function startDemo({ port, cameras: count, logger }: DemoOptions): Promise<Demo> {
  const password = randomBytes(12).toString('base64url');
  const token = randomBytes(12).toString('base64url');
  const responder = new DiscoveryResponder({ addresses: [LOOPBACK] });
  const cameras: SimulatedCamera[] = [];
  let gateway: Gateway | undefined;
  const close = async (): Promise<void> => {
    await gateway?.close();
    await Promise.allSettled(cameras.map((camera) => camera.close()));
    await responder.close();
  };
  try {
    await responder.start();
    for (let number = 1; number <= count; number += 1) {
      const camera = new SimulatedCamera({
        name: `Demo camera ${number}`,
        username: USERNAME,
        password,
        // One for each picture, so that boxes stay on what moves.
        metadataIntervalMs: 40,
        discovery: responder,
      });
      cameras.push(camera);
      await camera.start();
    }
    const found = await findCameras(new Set(cameras.map(({ identity }) => identity.endpointReference)));
    logger.info(`Discovery found ${found.length} simulated cameras: ${found.map(({ name }) => name).join(', ')}`);
    gateway = new Gateway({
      listen: { host: LOOPBACK, port },
      cameras: found.map(({ id, name, host, port: onvifPort, path }): GatewayCameraConfig => {
        return { camera: { id, name, onvif: { host, port: onvifPort, path }, credentials: { username: USERNAME, password } } };
      }),
      viewerTokens: [{ token }],
      media: { ...DEFAULT_MEDIA_SETTINGS, ice: { ...DEFAULT_MEDIA_SETTINGS.ice, loopbackOnly: true } },
      logger,
    });
    const { url } = await listen(gateway, port);
    return { url: `${url}/?token=${token}`, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function listen(gateway: Gateway, port: number): Promise<{ url: string }> {
  try {
    return await gateway.start();
  } catch (error) {
    const reason = reasonOf(error);
    throw new GatewayError(reason.code, reason.message, { advice: `Choose another port: run --port ${port + 1}`, cause: error });
  }
}

interface FoundCamera {
  id: string;
  name: string;
  host: string;
  port: number;
  path: string;
}

/** The cameras of this demo, found as any other would be; those of a second demo on the machine are left to it. */
async function findCameras(wanted: ReadonlySet<string>): Promise<FoundCamera[]> {
  const enough = new AbortController();
  let missing = wanted.size;
  const { devices } = await discover({
    interfaces: [LOOPBACK],
    timeoutMs: DISCOVERY_TIMEOUT_MS,
    signal: enough.signal,
    onFound: ({ endpointReference }) => {
      if (wanted.has(endpointReference)) missing -= 1;
      if (missing === 0) enough.abort();
    },
  });
  const found = devices.filter(({ endpointReference }) => wanted.has(endpointReference));
  if (found.length < wanted.size) {
    throw new GatewayError(
      'demo.discovery',
      `Discovery found ${found.length} of the demo's ${wanted.size} cameras on loopback.`,
      {
        advice: 'Multicast on the loopback interface may be blocked by a firewall; the demo needs UDP port 3702 there.',
      },
    );
  }
  return found
    .map(({ name, xaddrs }) => {
      const url = new URL(xaddrs[0] ?? '');
      const cameraName = name ?? 'Camera';
      const id = cameraName.toLowerCase().replace(/[^a-z0-9]+/g, '-');
      return { id, name: cameraName, host: url.hostname, port: Number(url.port), path: url.pathname };
    })
    .sort((a, b) => a.id.localeCompare(b.id));
}
