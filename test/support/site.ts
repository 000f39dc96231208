import { silentLogger, type Logger } from '../../src/base/log.ts';
import type { CameraOptions } from '../../src/camera/camera.ts';
import { Gateway, type GatewayOptions } from '../../src/gateway/gateway.ts';
import { DEFAULT_MEDIA_SETTINGS } from '../../src/gateway/media-settings.ts';
import { SimulatedCamera, type SimulatedCameraOptions } from '../../src/simulator/simulated-camera.ts';

export const CREDENTIALS = { username: 'viewer', password: 'camera-password' };

const LOOPBACK_MEDIA = { ...DEFAULT_MEDIA_SETTINGS, ice: { ...DEFAULT_MEDIA_SETTINGS.ice, loopbackOnly: true } };

/** A gateway on loopback with cameras of the test's own. */
export interface Site {
  gateway: Gateway;
  /** `http://127.0.0.1:PORT` */
  url: string;
  /** `ws://127.0.0.1:PORT/signaling` */
  signaling: string;
  close(): Promise<void>;
}

export async function startSite(cameras: readonly CameraOptions[], options: Partial<GatewayOptions> = {}): Promise<Site> {
  const gateway = new Gateway({
    listen: { host: '127.0.0.1', port: 0 },
    cameras: cameras.map((camera) => ({ camera })),
    viewerTokens: [],
    logger: silentLogger,
    ...options,
    // In this thread, where coverage counts it.
    media: { workers: 0, ...(options.media ?? LOOPBACK_MEDIA) },
  });
  const { url } = await gateway.start();
  return { gateway, url, signaling: `${url.replace('http', 'ws')}/signaling`, close: () => gateway.close() };
}

/** A started simulated camera and how a gateway is told of it. */
export async function startSimulatedCamera(
  id: string,
  options: Partial<SimulatedCameraOptions> = {},
): Promise<{ simulated: SimulatedCamera; camera: CameraOptions; rtspUrl: string }> {
  const simulated = new SimulatedCamera({ name: id, ...CREDENTIALS, ...options });
  const { onvifPort, rtspUrl } = await simulated.start();
  return {
    simulated,
    rtspUrl,
    camera: { id, name: id, onvif: { host: '127.0.0.1', port: onvifPort }, credentials: CREDENTIALS },
  };
}

/** A logger that keeps its lines, parsed. */
export function recordingLogger(create: (destination: { write(line: string): void }) => Logger): {
  logger: Logger;
  lines: Record<string, unknown>[];
} {
  const lines: Record<string, unknown>[] = [];
  return { logger: create({ write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>) }), lines };
}
