import { afterEach } from 'vitest';
import type { GatewayError } from '../../../../src/base/errors.ts';
import type { RtspClientOptions } from '../../../../src/camera/rtsp/client-options.ts';
import { RtspClient } from '../../../../src/camera/rtsp/client.ts';
import { ScriptedCamera, type Script } from './scripted-camera.ts';

/** The clock of the clients under test stands still at this time, milliseconds. */
export const NOW = 1234.5;

const cleanUps: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

/** A camera that is closed after the test. */
export async function cameraWith(
  script: Script = {},
  tls?: { key: string; cert: string },
  address?: string,
): Promise<ScriptedCamera> {
  const camera = await new ScriptedCamera(script, tls).start(address);
  cleanUps.push(() => camera.close());
  return camera;
}

export interface Pull {
  client: RtspClient;
  /** Everything the client told, in order. */
  told: string[];
  closed: GatewayError[];
}

/** A client that is closed after the test; its own time-outs never come in time to hide a hang. */
export function clientOf(url: string, options: Partial<RtspClientOptions> = {}): Pull {
  const told: string[] = [];
  const closed: GatewayError[] = [];
  const client = new RtspClient({
    url,
    clock: { now: () => NOW },
    connectTimeoutMs: 60_000,
    requestTimeoutMs: 60_000,
    onTracks: (tracks) => told.push(`tracks ${tracks.map((track) => track.encodingName).join(' ')}`),
    onRtp: (track, packet, arrivalMs) => told.push(`rtp ${track.encodingName} ${packet.length} ${arrivalMs}`),
    onRtcp: (track, packet) => told.push(`rtcp ${track.encodingName} ${packet.length}`),
    onClose: (error) => closed.push(error),
    ...options,
  });
  cleanUps.push(() => client.close());
  return { client, told, closed };
}

export async function started(camera: ScriptedCamera): Promise<Pull> {
  const pull = clientOf(camera.url);
  await pull.client.start();
  return pull;
}
