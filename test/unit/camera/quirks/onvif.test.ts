import { describe, expect, it } from 'vitest';
import { textAt } from '../../../../src/camera/xml.ts';
import { connect, connectTo, DATE, fault, soap, startCamera, WORKING, type Answer } from '../onvif/scripted-camera.ts';

/*
 * Row 20 of docs/camera-quirks.md: ONVIF. The address that changes after a reboot takes a whole gateway and is shown by
 * test/interop/gateway-discovery.test.ts; more of clock, NAT and PullPoints is in test/unit/camera/onvif.
 */

describe('quirk 20: ONVIF clock skew, XAddr behind NAT, PullPoint address with ?Idx= (scrypted#1142, frigate#18352, core#83524)', () => {
  it('signs by the clock of the camera, which takes nothing that is years off (scrypted#1142, agsh/onvif#249, frigate#12352)', async () => {
    const cameraClock = Date.parse('2020-01-01T01:02:03Z');
    const picky: Answer = ({ envelope }, response) => {
      const created = Date.parse(textAt(envelope, 'Header', 'Security', 'UsernameToken', 'Created') ?? '');
      const isInTime = Math.abs(created - cameraClock) < 60_000;
      response.writeHead(isInTime ? 200 : 400);
      response.end(isInTime ? soap('<r><Profiles token="0"/></r>') : fault('ter:NotAuthorized', 'Sender not Authorized'));
    };
    const { port } = await startCamera({ ...WORKING, GetSystemDateAndTime: DATE, 'media1/GetProfiles': picky });
    const device = await connect(port);
    expect((await device.profiles()).map(({ token }) => token)).toEqual(['0']);
    expect(Math.abs((device.clockOffsetMs ?? 0) - (cameraClock - Date.now()))).toBeLessThan(60_000);
  });

  it('asks the host that it reached where the camera writes the address that it sees or had (frigate#18352, go2rtc#1948, scrypted#1839)', async () => {
    const { port, requests } = await startCamera({
      ...WORKING,
      GetStreamUri: '<r><MediaUri><Uri>rtsp://192.168.1.64:554/Streaming/Channels/101?transportmode=unicast</Uri></MediaUri></r>',
    });
    const device = await connect(port);
    expect(await device.streamUri('0')).toBe('rtsp://127.0.0.1:554/Streaming/Channels/101?transportmode=unicast');
    expect(requests.filter(({ path }) => path === '/media1').map(({ name }) => name)).toContain('GetStreamUri');
  });

  it('keeps the query of the address by which a camera tells its subscriptions apart (core#83524)', async () => {
    const address = 'http://192.168.1.64/onvif/Subscription?Idx=3';
    const { device, requests } = await connectTo(
      {
        CreatePullPointSubscription:
          `<r><SubscriptionReference><Address>${address}</Address></SubscriptionReference>` +
          '<CurrentTime>2020-01-01T00:00:00Z</CurrentTime><TerminationTime>2020-01-01T00:02:00Z</TerminationTime></r>',
        PullMessages: '<r/>',
      },
      'ver10/events',
    );
    const pullPoint = await device.events?.createPullPoint();
    await pullPoint?.pull(1000);
    expect(requests.at(-1)).toMatchObject({ name: 'PullMessages', path: '/onvif/Subscription?Idx=3' });
  });
});
