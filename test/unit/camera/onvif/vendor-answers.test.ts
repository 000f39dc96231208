import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { connect, refuse, startCamera, type Answer, type Request } from './scripted-camera.ts';

/*
 * Whole answers in the manner of well-known makers: their envelopes, prefixes, namespaces and places for things, in words and
 * values of our own.
 */

const TIME = `<tt:UTCDateTime><tt:Time><tt:Hour>10</tt:Hour><tt:Minute>0</tt:Minute><tt:Second>0</tt:Second></tt:Time>
  <tt:Date><tt:Year>2026</tt:Year><tt:Month>1</tt:Month><tt:Day>1</tt:Day></tt:Date></tt:UTCDateTime>`;

type Wrap = (body: string) => string;
const answers = (wrap: Wrap, bodies: Record<string, string>): Record<string, Answer> =>
  Object.fromEntries(Object.entries(bodies).map(([name, body]) => [name, refuse(200, wrap(body))]));

const resolution = (width: number, height: number): string =>
  `<tt:Resolution><tt:Width>${width}</tt:Width><tt:Height>${height}</tt:Height></tt:Resolution>`;

describe('the manner of Hikvision', () => {
  // Every namespace that the firmware knows is declared on each envelope, and two digests are offered: MD5 without saying so first.
  const wrap: Wrap = (body) => `<?xml version="1.0" encoding="UTF-8"?>
<env:Envelope xmlns:env="http://www.w3.org/2003/05/soap-envelope" xmlns:tt="http://www.onvif.org/ver10/schema" xmlns:tds="http://www.onvif.org/ver10/device/wsdl" xmlns:trt="http://www.onvif.org/ver10/media/wsdl" xmlns:tr2="http://www.onvif.org/ver20/media/wsdl" xmlns:hikwsd="http://www.onvifext.com/onvif/ext/ver10/wsdl"><env:Body>${body}</env:Body></env:Envelope>\r\n`;
  const service = (namespace: string, path: string): string =>
    `<tds:Service><tds:Namespace>${namespace}</tds:Namespace><tds:XAddr>http://192.168.1.64/onvif/${path}</tds:XAddr><tds:Version><tt:Major>2</tt:Major><tt:Minor>6</tt:Minor></tds:Version></tds:Service>`;
  const channel = (number: number, codec: string): string => `<trt:Profiles token="Profile_${number}01" fixed="true">
    <tt:Name>mainStream_${number}</tt:Name>
    <tt:VideoSourceConfiguration token="VideoSourceToken_${number}" ><tt:Name>vs</tt:Name><tt:UseCount>2</tt:UseCount><tt:SourceToken>VideoSource_${number}</tt:SourceToken><tt:Bounds x="0" y="0" width="1920" height="1080"/></tt:VideoSourceConfiguration>
    <tt:VideoEncoderConfiguration token="VideoEncoderToken_${number}01"><tt:Name>ve</tt:Name><tt:UseCount>1</tt:UseCount><tt:Encoding>${codec}</tt:Encoding>${resolution(2560, 1440)}<tt:Quality>3.000000</tt:Quality>
      <tt:RateControl><tt:FrameRateLimit>25</tt:FrameRateLimit><tt:EncodingInterval>1</tt:EncodingInterval><tt:BitrateLimit>6144</tt:BitrateLimit></tt:RateControl>
      <tt:H264><tt:GovLength>50</tt:GovLength><tt:H264Profile>Main</tt:H264Profile></tt:H264></tt:VideoEncoderConfiguration>
    <tt:VideoAnalyticsConfiguration token="VideoAnalyticsToken"><tt:AnalyticsEngineConfiguration/></tt:VideoAnalyticsConfiguration>
    <tt:Extension/></trt:Profiles>`;

  it('gives the inputs of a recorder, and takes the digest that it offers second', async () => {
    const works = answers(wrap, {
      GetSystemDateAndTime: `<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:DateTimeType>NTP</tt:DateTimeType><tt:TimeZone><tt:TZ>CST-8:00:00</tt:TZ></tt:TimeZone>${TIME}</tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>`,
      GetServices: `<tds:GetServicesResponse>${service('http://www.onvif.org/ver10/media/wsdl', 'Media')}${service('http://www.onvifext.com/onvif/ext/ver10/wsdl', 'ext')}</tds:GetServicesResponse>`,
      GetProfiles: `<trt:GetProfilesResponse>${channel(1, 'H264')}${channel(2, 'H264')}</trt:GetProfilesResponse>`,
    });
    const challenges = ['', ', algorithm="SHA-256"'].map(
      (algorithm) => `Digest qop="auth", realm="IP Camera", nonce="33:ab:${algorithm.length}"${algorithm}, stale="FALSE"`,
    );
    const { port, requests } = await startCamera({
      ...works,
      GetDeviceInformation: (request: Request, response: ServerResponse) => {
        if (request.headers.authorization === undefined) {
          response
            .writeHead(401, { 'www-authenticate': challenges })
            .end('<!DOCTYPE html><html><body>Access Error: 401 -- Unauthorized</body></html>');
        } else {
          response.end(
            wrap(
              '<tds:GetDeviceInformationResponse><tds:Manufacturer>H</tds:Manufacturer><tds:Model>DS-7</tds:Model></tds:GetDeviceInformationResponse>',
            ),
          );
        }
      },
    });
    const device = await connect(port);
    expect(device.information.model).toBe('DS-7');
    expect(requests.at(-1)?.headers.authorization).toContain('algorithm=SHA-256');
    expect(device.services.map(({ name }) => name)).toEqual(['media', 'http://www.onvifext.com/onvif/ext/ver10/wsdl']);
    expect(
      (await device.profiles()).map(({ token, videoSource, video }) => [token, videoSource, video?.profile, video?.width]),
    ).toEqual([
      ['Profile_101', 'VideoSource_1', 'Main', 2560],
      ['Profile_201', 'VideoSource_2', 'Main', 2560],
    ]);
  });
});

describe('the manner of Dahua', () => {
  // Short prefixes, refusals as a fault with status 400 and its own words, sample rates in hertz.
  const wrap: Wrap = (body) =>
    `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:sc="http://www.w3.org/2003/05/soap-encoding" xmlns:tds="http://www.onvif.org/ver10/device/wsdl" xmlns:trt="http://www.onvif.org/ver10/media/wsdl" xmlns:tt="http://www.onvif.org/ver10/schema"><s:Header/><s:Body>${body}</s:Body></s:Envelope>`;

  it('gives its profiles with sound, and its refusal is known as one', async () => {
    const works = answers(wrap, {
      GetSystemDateAndTime: `<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime>${TIME}</tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>`,
      GetServices:
        '<tds:GetServicesResponse><tds:Service><tds:Namespace>http://www.onvif.org/ver10/media/wsdl</tds:Namespace><tds:XAddr>http://192.168.1.108:80/onvif/media_service</tds:XAddr></tds:Service></tds:GetServicesResponse>',
      GetDeviceInformation: '<tds:GetDeviceInformationResponse><tds:Model>IPC-H</tds:Model></tds:GetDeviceInformationResponse>',
      GetProfiles: `<trt:GetProfilesResponse><trt:Profiles fixed="true" token="MediaProfile00000"><tt:Name>MediaProfile_Channel1_MainStream</tt:Name>
        <tt:AudioEncoderConfiguration token="00000"><tt:Name>ae</tt:Name><tt:Encoding>G711</tt:Encoding><tt:Bitrate>64000</tt:Bitrate><tt:SampleRate>8000</tt:SampleRate></tt:AudioEncoderConfiguration>
        <tt:VideoEncoderConfiguration token="00000"><tt:Encoding>H264</tt:Encoding>${resolution(1920, 1080)}<tt:H264><tt:GovLength>60</tt:GovLength><tt:H264Profile>High</tt:H264Profile></tt:H264></tt:VideoEncoderConfiguration>
        <tt:PTZConfiguration token="000"/><tt:MetadataConfiguration token="000"/></trt:Profiles></trt:GetProfilesResponse>`,
    });
    const device = await connect((await startCamera(works)).port);
    const [profile] = await device.profiles();
    expect(profile).toMatchObject({
      token: 'MediaProfile00000',
      video: { profile: 'High', govLength: 60, framesPerSecond: null, bitrateKbps: null },
      audio: { codec: 'G711', sampleRateHz: 8000, bitrateKbps: 64 },
      configurations: { audioEncoder: '00000', videoEncoder: '00000', ptz: '000', metadata: '000' },
    });

    const refusal = wrap(
      '<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>ter:NotAuthorized</s:Value></s:Subcode></s:Code><s:Reason><s:Text xml:lang="en">Authority failure</s:Text></s:Reason></s:Fault>',
    );
    const { port } = await startCamera({ ...works, GetDeviceInformation: refuse(400, refusal) });
    await expect(connect(port)).rejects.toMatchObject({ code: 'camera.unauthorized' });
  });
});

describe('the manner of Axis', () => {
  // One address for all services; subscriptions are told apart by a reference parameter in a namespace of its own.
  const wrap: Wrap = (body) =>
    `<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://www.w3.org/2003/05/soap-envelope" xmlns:wsa5="http://www.w3.org/2005/08/addressing" xmlns:tt="http://www.onvif.org/ver10/schema" xmlns:tds="http://www.onvif.org/ver10/device/wsdl" xmlns:tev="http://www.onvif.org/ver10/events/wsdl" xmlns:wsnt="http://docs.oasis-open.org/wsn/b-2" xmlns:tnsaxis="http://www.axis.com/2009/event/topics" xmlns:tns1="http://www.onvif.org/ver10/topics"><SOAP-ENV:Header><wsa5:Action SOAP-ENV:mustUnderstand="true">x</wsa5:Action></SOAP-ENV:Header><SOAP-ENV:Body>${body}</SOAP-ENV:Body></SOAP-ENV:Envelope>`;

  it('gives events by its own topics to the subscription that is named in the header', async () => {
    const works = answers(wrap, {
      GetSystemDateAndTime: `<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime>${TIME}</tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>`,
      GetServices:
        '<tds:GetServicesResponse><tds:Service><tds:Namespace>http://www.onvif.org/ver10/events/wsdl</tds:Namespace><tds:XAddr>http://192.168.1.90/onvif/services</tds:XAddr></tds:Service></tds:GetServicesResponse>',
      GetDeviceInformation:
        '<tds:GetDeviceInformationResponse><tds:Manufacturer>A</tds:Manufacturer></tds:GetDeviceInformationResponse>',
      CreatePullPointSubscription: `<tev:CreatePullPointSubscriptionResponse><tev:SubscriptionReference><wsa5:Address>http://192.168.1.90/onvif/services</wsa5:Address>
        <wsa5:ReferenceParameters><dom0:SubscriptionId xmlns:dom0="http://www.axis.com/2009/event">42</dom0:SubscriptionId></wsa5:ReferenceParameters></tev:SubscriptionReference>
        <wsnt:CurrentTime>2026-01-01T10:00:00Z</wsnt:CurrentTime><wsnt:TerminationTime>2026-01-01T10:01:00Z</wsnt:TerminationTime></tev:CreatePullPointSubscriptionResponse>`,
      PullMessages: `<tev:PullMessagesResponse><wsnt:NotificationMessage><wsnt:Topic Dialect="http://docs.oasis-open.org/wsn/t-1/TopicExpression/Simple">tns1:Device/tnsaxis:IO/VirtualPort</wsnt:Topic>
        <wsnt:ProducerReference><wsa5:Address>uri://x/ProducerReference</wsa5:Address></wsnt:ProducerReference>
        <wsnt:Message><tt:Message UtcTime="2026-01-01T10:00:00.123456Z" PropertyOperation="Initialized"><tt:Source><tt:SimpleItem Name="port" Value="1"></tt:SimpleItem></tt:Source><tt:Key></tt:Key><tt:Data><tt:SimpleItem Name="state" Value="0"></tt:SimpleItem></tt:Data></tt:Message></wsnt:Message></wsnt:NotificationMessage></tev:PullMessagesResponse>`,
    });
    const { port, requests } = await startCamera(works);
    const pullPoint = await (await connect(port)).events?.createPullPoint();
    expect((await pullPoint?.pull(1000))?.events).toEqual([
      {
        topic: 'Device/IO/VirtualPort',
        time: Date.parse('2026-01-01T10:00:00.123Z'),
        operation: 'Initialized',
        source: { port: '1' },
        key: {},
        data: { state: '0' },
        // What the document around it declares is not declared again.
        notification: expect.stringMatching(
          /^<wsnt:NotificationMessage xmlns:wsa5="[^"]*" xmlns:tnsaxis="[^"]*"><wsnt:Topic .*uri:\/\/x\/ProducerReference.*<\/wsnt:NotificationMessage>$/,
        ),
      },
    ]);
    expect(requests.at(-1)?.text).toMatch(/<dom0:SubscriptionId [^>]*xmlns:dom0="http:\/\/www\.axis\.com\/2009\/event"[^>]*>42</);
  });
});

describe('the manner of Reolink', () => {
  // ONVIF on port 8000; what Media1 calls H.264 is H.265 by Media2.
  const wrap: Wrap = (body) =>
    `<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://www.w3.org/2003/05/soap-envelope" xmlns:tt="http://www.onvif.org/ver10/schema" xmlns:tds="http://www.onvif.org/ver10/device/wsdl" xmlns:tr2="http://www.onvif.org/ver20/media/wsdl" xmlns:trt="http://www.onvif.org/ver10/media/wsdl"><SOAP-ENV:Body>${body}</SOAP-ENV:Body></SOAP-ENV:Envelope>`;

  it('is believed by its Media2', async () => {
    const service = (version: string): string =>
      `<tds:Service><tds:Namespace>http://www.onvif.org/${version}/media/wsdl</tds:Namespace><tds:XAddr>http://192.168.1.30:8000/onvif/${version}</tds:XAddr></tds:Service>`;
    const works = answers(wrap, {
      GetSystemDateAndTime: `<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime>${TIME}</tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>`,
      GetServices: `<tds:GetServicesResponse>${service('ver10')}${service('ver20')}</tds:GetServicesResponse>`,
      GetDeviceInformation: '<tds:GetDeviceInformationResponse><tds:Model>RLC</tds:Model></tds:GetDeviceInformationResponse>',
      'ver20/GetProfiles': `<tr2:GetProfilesResponse><tr2:Profiles token="000" fixed="true"><tr2:Name>MainStream</tr2:Name><tr2:Configurations>
        <tr2:VideoSource token="000"><tt:SourceToken>000</tt:SourceToken></tr2:VideoSource>
        <tr2:AudioEncoder token="000"><tt:Encoding>MP4A-LATM</tt:Encoding><tt:Bitrate>16</tt:Bitrate><tt:SampleRate>16</tt:SampleRate></tr2:AudioEncoder>
        <tr2:VideoEncoder token="000" GovLength="50" Profile="Main"><tt:Encoding>H265</tt:Encoding>${resolution(3840, 2160)}<tt:RateControl ConstantBitRate="false"><tt:FrameRateLimit>25.000000</tt:FrameRateLimit><tt:BitrateLimit>8192</tt:BitrateLimit></tt:RateControl></tr2:VideoEncoder>
        </tr2:Configurations></tr2:Profiles></tr2:GetProfilesResponse>`,
    });
    const [profile] = await (await connect((await startCamera(works)).port)).profiles();
    expect(profile).toMatchObject({
      token: '000',
      videoSource: '000',
      video: { codec: 'H265', profile: 'Main', height: 2160, framesPerSecond: 25, bitrateKbps: 8192, govLength: 50 },
      audio: { codec: 'AAC', sampleRateHz: 16_000, bitrateKbps: 16 },
    });
  });
});

describe('the manner of Uniview', () => {
  // No prefixes: each element names its namespace as the default one, and what should be of the schema stays in the service's.
  const wrap: Wrap = (body) =>
    `<Envelope xmlns="http://www.w3.org/2003/05/soap-envelope"><Header/><Body xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">${body}</Body></Envelope>`;

  it('is read by local names, and its metadata goes back in the namespaces in which it came', async () => {
    const media = 'http://www.onvif.org/ver10/media/wsdl';
    const works = answers(wrap, {
      GetSystemDateAndTime: `<GetSystemDateAndTimeResponse xmlns="http://www.onvif.org/ver10/device/wsdl"><SystemDateAndTime>${TIME.replaceAll('tt:', '')}</SystemDateAndTime></GetSystemDateAndTimeResponse>`,
      GetServices: `<GetServicesResponse xmlns="http://www.onvif.org/ver10/device/wsdl"><Service><Namespace>${media}</Namespace><XAddr>http://192.168.1.13/onvif/media</XAddr></Service></GetServicesResponse>`,
      GetDeviceInformation:
        '<GetDeviceInformationResponse xmlns="http://www.onvif.org/ver10/device/wsdl"><Model>IPC3</Model></GetDeviceInformationResponse>',
      GetProfiles: `<GetProfilesResponse xmlns="${media}"><Profiles token="media_profile1"><Name xmlns="http://www.onvif.org/ver10/schema">media_profile1</Name>
        <VideoEncoderConfiguration xmlns="http://www.onvif.org/ver10/schema" token="ve1"><Encoding>H264</Encoding>${resolution(1280, 720).replaceAll('tt:', '')}</VideoEncoderConfiguration></Profiles></GetProfilesResponse>`,
      GetMetadataConfigurations: `<GetMetadataConfigurationsResponse xmlns="${media}"><Configurations token="m1"><Name xmlns="http://www.onvif.org/ver10/schema">m</Name><Analytics xmlns="http://www.onvif.org/ver10/schema">false</Analytics></Configurations></GetMetadataConfigurationsResponse>`,
      SetMetadataConfiguration: `<SetMetadataConfigurationResponse xmlns="${media}"/>`,
    });
    const { port, requests } = await startCamera(works);
    const device = await connect(port);
    expect(await device.profiles()).toMatchObject([{ token: 'media_profile1', video: { width: 1280 } }]);
    await device.media.setMetadataConfiguration('m1', { analytics: true });
    expect(requests.at(-1)?.text).toContain(
      '<Configuration token="m1"><Name xmlns="http://www.onvif.org/ver10/schema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">m</Name>' +
        '<Analytics xmlns="http://www.onvif.org/ver10/schema">true</Analytics></Configuration>',
    );
  });
});
