import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { systemClock } from '../../../../src/base/clock.ts';
import type { GatewayError } from '../../../../src/base/errors.ts';
import { silentLogger } from '../../../../src/base/log.ts';
import { Backchannel, type BackchannelOptions, type ListedSound } from '../../../../src/camera/rtsp/backchannel.ts';
import { encodeRtpPacket } from '../../../../src/media/rtp/packet.ts';
import { TALKBACK_FORMS } from '../../../../src/simulator/rtsp/talkback.ts';
import { runServer } from '../../simulator/rtsp/server-fixture.ts';
import { ScriptedCamera } from './scripted-camera.ts';

const WAIT = { timeout: 10_000, interval: 10 };

function backchannelTo(
  url: string,
  options: Partial<BackchannelOptions> = {},
): { backchannel: Backchannel; ends: GatewayError[] } {
  const ends: GatewayError[] = [];
  const backchannel = new Backchannel({
    url,
    clock: systemClock,
    logger: silentLogger,
    choose: ([first]) => first,
    onClose: (error) => ends.push(error),
    ...options,
  });
  onTestFinished(() => backchannel.close());
  return { backchannel, ends };
}

const speech = encodeRtpPacket({
  payloadType: 0,
  marker: true,
  sequenceNumber: 1,
  timestamp: 160,
  ssrc: 3,
  payload: Buffer.alloc(160, 7),
});

describe('the backchannel', () => {
  it.each(['tcp', 'udp'] as const)('carries speech by %s', async (transport) => {
    const credentials = { username: 'viewer', password: 'camera-password' };
    const { server, url } = await runServer({ credentials });
    const { backchannel } = backchannelTo(`${url}/main`, { transport, credentials });
    await backchannel.open(AbortSignal.timeout(10_000));
    backchannel.send(speech);
    const heard = (): Buffer[] => server.talkback.packets.map(({ samples }) => samples).filter(({ length }) => length > 0);
    await vi.waitFor(() => expect(heard()).toEqual([Buffer.alloc(160, 7)]), WAIT);
    await backchannel.close();
    await vi.waitFor(() => expect(server.connections).toBe(0), WAIT);
  });

  it('may be chosen among all forms that are listed, with the length of packets that the camera wants', async () => {
    const { server, url } = await runServer();
    server.talkback.forms = [TALKBACK_FORMS.aac, TALKBACK_FORMS.pcma];
    server.talkback.packetMs = 40;
    const listed: ListedSound[] = [];
    const choose = (sounds: readonly ListedSound[]): ListedSound | undefined => {
      listed.push(...sounds);
      return sounds[1];
    };
    await backchannelTo(`${url}/main`, { choose }).backchannel.open(AbortSignal.timeout(10_000));
    expect(listed.map(({ encodingName, packetMs }) => [encodingName, packetMs])).toEqual([
      ['MPEG4-GENERIC', 40],
      ['PCMA', 40],
    ]);
  });

  it('that the camera ends is told', async () => {
    const { server, url } = await runServer();
    const { backchannel, ends } = backchannelTo(`${url}/main`);
    await backchannel.open(AbortSignal.timeout(10_000));
    await server.close();
    await vi.waitFor(() => expect(ends.map(({ code }) => code)).toEqual(['rtsp.closed']), WAIT);
    expect(backchannel.send(speech)).toBe(false);
  });

  it('is asked for by its feature tag (ONVIF Streaming section 5.3), and set up without the picture', async () => {
    const camera = await new ScriptedCamera().start();
    onTestFinished(() => camera.close());
    const { backchannel } = backchannelTo(camera.url);
    await backchannel.open(AbortSignal.timeout(10_000));
    await backchannel.close();
    const tag = 'www.onvif.org/ver20/backchannel';
    expect(camera.requests.map(({ method, headers }) => [method, headers.get('Require')])).toEqual([
      ['OPTIONS', undefined],
      ['DESCRIBE', tag],
      ['SETUP', tag],
      ['PLAY', tag],
      ['TEARDOWN', undefined],
    ]);
    expect(camera.requests[2]?.uri).toBe(`${camera.url}/talk`);
  });
});
