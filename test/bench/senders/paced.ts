import { GatewayProcess } from '../../support/gateway-process.ts';
import { cameraName, cameraUrls, type Sender, type SenderOptions } from './sender.ts';
import { loopDelayAt, untilReady } from './own.ts';

export interface PacingSettings {
  /** False: what is to be sent is sent at once, which no config says. */
  pacing: boolean;
}

/** The gateway with and without pacing, as the tests start it. */
export async function startGatewayPaced({ site, pacing }: SenderOptions & PacingSettings): Promise<Sender> {
  const gateway = new GatewayProcess();
  const cameras = Object.entries(cameraUrls(site)).map(([id, main]) => ({ id, name: id, rtsp: { main } }));
  await gateway.start(cameras, {
    workers: 1,
    pull: 'on_demand',
    media: { pacing, lingerMs: 0, maxSessions: 1000, maxSessionsPerCamera: 1000, transcode: 'never' },
  });
  await untilReady(gateway.url);
  return {
    pid: gateway.pid,
    place: (camera) => ({ kind: 'onvif', server: `${gateway.url.replace('http', 'ws')}/signaling`, peer: cameraName(camera) }),
    loopDelayMs: () => loopDelayAt(gateway.url),
    close: () => gateway.close(),
  };
}
