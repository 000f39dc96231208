import { pino } from 'pino';
import { expect, vi } from 'vitest';
import type { Camera } from '../../../../src/camera/camera.ts';
import { CameraLocations } from '../../../../src/gateway/discovery/camera-locations.ts';
import { CandidateLogins } from '../../../../src/gateway/discovery/candidate-logins.ts';
import { Following } from '../../../../src/gateway/discovery/following.ts';
import type { NetworkView } from '../../../../src/gateway/discovery/network-view.ts';
import { cameraAt, FakeNetwork } from './fixture.ts';

/** Under fake timers. */
export const after = (milliseconds: number): Promise<unknown> => vi.advanceTimersByTimeAsync(milliseconds);

/** Following of these cameras, a look at a time. */
export function setUp(network: FakeNetwork, cameras: () => readonly Camera[]) {
  const logins = new CandidateLogins({ onAnswer: () => undefined, connect: network.connect });
  const following = new Following({ locations: new CameraLocations(), logins });
  const look = async (view: NetworkView = network.view(), ...changed: string[]): Promise<void> => {
    following.look(cameras(), view, new Set(changed));
    await after(10);
  };
  return { following, look };
}

/** A camera that is online at 10.0.0.1 and known by its endpoint reference and serial number. */
export async function known(serial = 'ACME-0042') {
  const network = new FakeNetwork();
  network.plugIn('10.0.0.1', 'urn:uuid:own', serial);
  const lines: string[] = [];
  const logger = pino({}, { write: (line) => void lines.push((JSON.parse(line) as { msg: string }).msg) });
  const camera = cameraAt(network, '10.0.0.1', { logger });
  const followed = [camera];
  const { following, look } = setUp(network, () => followed);
  await after(10);
  await look(network.search());
  expect(camera.identity).toEqual({ endpointReference: 'urn:uuid:own', manufacturer: 'Acme', model: 'X100', serial });
  // Beyond the time in which one attempt is enough.
  await after(6000);
  network.logins.length = 0;
  return { network, camera, followed, following, look, lines };
}
