import { beforeEach, describe, expect, it } from 'vitest';
import type { MetadataParts } from '../../../../src/simulator/metadata-document.ts';
import { mediaService } from '../../../../src/simulator/onvif/media-service.ts';
import { media2Service } from '../../../../src/simulator/onvif/media2-service.ts';
import type { Service } from '../../../../src/simulator/onvif/service.ts';
import { child, childText } from '../../../../src/simulator/onvif/xml.ts';
import { MAIN_PROFILE, SIMULATED_PROFILES } from '../../../../src/simulator/profiles.ts';
import { faultOf, invoke } from './invoke.ts';
import { find, findAll } from './soap-client.ts';

let media: Service;
let media2: Service;
let metadata: MetadataParts;
let synchronized: string[];

beforeEach(() => {
  metadata = { analytics: true, ptzPosition: true, ptzStatus: true };
  synchronized = [];
  const options = {
    profiles: SIMULATED_PROFILES,
    metadata,
    rtspPort: () => 8554,
    onSynchronizationPoint: (token: string) => void synchronized.push(token),
  };
  media = mediaService(options);
  media2 = media2Service(options);
});

function streamSetup(stream: string, protocol: string, profile = 'sub'): string {
  return `<trt:StreamSetup><tt:Stream>${stream}</tt:Stream><tt:Transport><tt:Protocol>${protocol}</tt:Protocol></tt:Transport></trt:StreamSetup>
    <trt:ProfileToken>${profile}</trt:ProfileToken>`;
}

describe('mediaService', () => {
  it('has two profiles on one video source, each with sound, metadata, PTZ and a loudspeaker', async () => {
    const profiles = findAll(await invoke(media, 'trt:GetProfiles'), 'Profiles');
    expect(profiles.map(({ attributes }) => attributes.get('token'))).toEqual(['main', 'sub']);
    for (const profile of profiles) {
      expect(childText(child(profile, 'VideoSourceConfiguration'), 'SourceToken')).toBe('video-source');
      expect(profile.children.map(({ name }) => name)).toEqual([
        'Name',
        'VideoSourceConfiguration',
        'AudioSourceConfiguration',
        'VideoEncoderConfiguration',
        'AudioEncoderConfiguration',
        'PTZConfiguration',
        'MetadataConfiguration',
        'Extension',
      ]);
      expect(child(profile, 'Extension')?.children.map(({ name }) => name)).toEqual([
        'AudioOutputConfiguration',
        'AudioDecoderConfiguration',
      ]);
    }
  });

  it('gives a stream URI at the host that the client used', async () => {
    const uri = async (authority: string): Promise<string | undefined> =>
      find(await invoke(media, 'trt:GetStreamUri', streamSetup('RTP-Unicast', 'RTSP'), { authority }), 'Uri')?.text;
    expect(await uri('camera.example:8080')).toBe('rtsp://camera.example:8554/sub');
    expect(await uri('camera.example')).toBe('rtsp://camera.example:8554/sub');
    expect(await uri('[::1]:8080')).toBe('rtsp://[::1]:8554/sub');
  });

  it.each([
    ['multicast', streamSetup('RTP-Multicast', 'UDP'), 'InvalidStreamSetup'],
    ['RTSP in HTTP', streamSetup('RTP-Unicast', 'HTTP'), 'InvalidStreamSetup'],
    ['an unknown profile', streamSetup('RTP-Unicast', 'RTSP', 'third'), 'NoProfile'],
  ])('refuses a stream URI for %s', async (_, content, subcode) => {
    expect(await faultOf(media, 'trt:GetStreamUri', content)).toEqual(['InvalidArgVal', subcode]);
  });

  it('asks for a synchronization point of a profile that it has', async () => {
    await invoke(media, 'trt:SetSynchronizationPoint', '<trt:ProfileToken>sub</trt:ProfileToken>');
    await invoke(media2, 'tr2:SetSynchronizationPoint', '<tr2:ProfileToken>main</tr2:ProfileToken>');
    expect(await faultOf(media, 'trt:SetSynchronizationPoint', '<trt:ProfileToken>x</trt:ProfileToken>')).toEqual([
      'InvalidArgVal',
      'NoProfile',
    ]);
    expect(synchronized).toEqual(['sub', 'main']);
  });

  it('takes a metadata configuration over and reports it in both services', async () => {
    const configuration =
      '<trt:Configuration token="metadata-config"><tt:PTZStatus><tt:Status>false</tt:Status>\
      <tt:Position>true</tt:Position></tt:PTZStatus><tt:Analytics>false</tt:Analytics></trt:Configuration>';
    await invoke(media, 'trt:SetMetadataConfiguration', configuration);
    expect(metadata).toEqual({ analytics: false, ptzPosition: true, ptzStatus: false });
    const reported = await invoke(media2, 'tr2:GetMetadataConfigurations');
    expect([find(reported, 'Analytics')?.text, find(reported, 'Position')?.text]).toEqual(['false', 'true']);
    expect(await faultOf(media, 'trt:SetMetadataConfiguration', '<trt:Configuration token="x"/>')).toEqual([
      'InvalidArgVal',
      'NoConfig',
    ]);
  });
});

describe('media2Service', () => {
  it('puts into profiles what the types ask for', async () => {
    const configurations = async (types: string[]): Promise<string[] | undefined> => {
      const content = types.map((type) => `<tr2:Type>${type}</tr2:Type>`).join('');
      const [first] = findAll(await invoke(media2, 'tr2:GetProfiles', content), 'Profiles');
      return child(first, 'Configurations')?.children.map(({ name }) => name);
    };
    expect(await configurations([])).toBeUndefined();
    expect(await configurations(['VideoEncoder', 'Metadata'])).toEqual(['VideoEncoder', 'Metadata']);
    expect(await configurations(['All'])).toEqual([
      'VideoSource',
      'AudioSource',
      'VideoEncoder',
      'AudioEncoder',
      'PTZ',
      'Metadata',
      'AudioOutput',
      'AudioDecoder',
    ]);
  });

  it('finds one profile or one encoder by its token', async () => {
    const profiles = findAll(await invoke(media2, 'tr2:GetProfiles', '<tr2:Token>sub</tr2:Token>'), 'Profiles');
    expect(profiles.map(({ attributes }) => attributes.get('token'))).toEqual(['sub']);
    const token = '<tr2:ConfigurationToken>video-encoder-main</tr2:ConfigurationToken>';
    const encoders = findAll(await invoke(media2, 'tr2:GetVideoEncoderConfigurations', token), 'Configurations');
    expect(encoders.map((encoder) => find(encoder, 'Width')?.text)).toEqual([String(MAIN_PROFILE.width)]);
  });

  it("finds a profile's encoder by the profile's token", async () => {
    const token = '<tr2:ProfileToken>sub</tr2:ProfileToken>';
    const encoders = findAll(await invoke(media2, 'tr2:GetVideoEncoderConfigurations', token), 'Configurations');
    expect(encoders.map(({ attributes }) => attributes.get('token'))).toEqual(['video-encoder-sub']);
  });

  it('refuses a tunnel in HTTP', async () => {
    const content = '<tr2:Protocol>RtspOverHttp</tr2:Protocol><tr2:ProfileToken>main</tr2:ProfileToken>';
    expect(await faultOf(media2, 'tr2:GetStreamUri', content)).toEqual(['InvalidArgVal', 'InvalidStreamSetup']);
  });
});
