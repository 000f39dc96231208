import type { MetadataParts } from '../metadata-document.ts';
import { ofInput, type InputProfile } from '../profiles.ts';
import * as configurations from './media-configurations.ts';
import { TOKENS, videoEncoderToken } from './media-configurations.ts';
import { ptzConfiguration } from './ptz-configuration.ts';
import { defineService, type Call, type Service } from './service.ts';
import { actionNotSupported, invalidArgument, type SoapFault } from './soap.ts';
import { child, childFlag, childText, element, xml, type Markup, type XmlElement } from './xml.ts';

export interface MediaServiceOptions {
  profiles: readonly InputProfile[];
  /** What the metadata stream has; SetMetadataConfiguration changes it. */
  metadata: MetadataParts;
  /** Whether the profiles have a metadata configuration; default true. */
  hasMetadata?: boolean;
  /** The port of the RTSP server. */
  rtspPort: () => number;
  /** An I-frame on demand (SetSynchronizationPoint). */
  onSynchronizationPoint: (profileToken: string) => void;
}

const capabilitiesWith = (
  profiles: readonly InputProfile[],
): Markup => xml`<trt:Capabilities SnapshotUri="false" Rotation="false" VideoSourceMode="false" OSD="false">
  <trt:ProfileCapabilities MaximumNumberOfProfiles="${profiles.length}"/>
  <trt:StreamingCapabilities RTPMulticast="false" RTP_TCP="true" RTP_RTSP_TCP="true" NonAggregateControl="false"/>
</trt:Capabilities>`;

/** Media1 (ver10). The profiles are fixed. */
export function mediaService(options: MediaServiceOptions): Service {
  const { profiles, metadata } = options;
  const uses = profiles.length;
  const inputs = configurations.inputsOf(profiles);
  const all = (operation: string, items: readonly Markup[]): Markup => element(`trt:${operation}Response`, {}, xml`${items}`);

  return defineService({
    prefix: 'trt',
    path: '/onvif/media_service',
    version: { major: 2, minor: 60 },
    capabilities: capabilitiesWith(profiles),
    operations: {
      'trt:GetProfiles': () =>
        all(
          'GetProfiles',
          profiles.map((profile) => mediaProfile('trt:Profiles', profile, options)),
        ),
      'trt:GetProfile': (call) => {
        const profile = profileOf(call.operation, profiles);
        return xml`<trt:GetProfileResponse>${mediaProfile('trt:Profile', profile, options)}</trt:GetProfileResponse>`;
      },
      'trt:GetVideoSources': () =>
        all(
          'GetVideoSources',
          inputs.map((input) => videoSource(profiles, input)),
        ),
      'trt:GetAudioSources': () =>
        all('GetAudioSources', [
          xml`<trt:AudioSources token="${TOKENS.audioSource}"><tt:Channels>1</tt:Channels></trt:AudioSources>`,
        ]),
      'trt:GetAudioOutputs': () => all('GetAudioOutputs', [xml`<trt:AudioOutputs token="${TOKENS.audioOutput}"/>`]),
      'trt:GetVideoSourceConfigurations': () =>
        all(
          'GetVideoSourceConfigurations',
          inputs.map((input) => configurations.videoSourceConfiguration('trt:Configurations', profiles, input)),
        ),
      'trt:GetVideoEncoderConfigurations': () =>
        all(
          'GetVideoEncoderConfigurations',
          profiles.map((profile) => configurations.videoEncoderConfiguration('trt:Configurations', profile)),
        ),
      'trt:GetVideoEncoderConfiguration': (call) => {
        const profile = profileOfEncoder(childText(call.operation, 'ConfigurationToken'), profiles);
        return all('GetVideoEncoderConfiguration', [configurations.videoEncoderConfiguration('trt:Configuration', profile)]);
      },
      'trt:GetVideoEncoderConfigurationOptions': (call) =>
        all('GetVideoEncoderConfigurationOptions', [configurations.videoEncoderOptions(selectedEncoder(call, profiles))]),
      'trt:GetAudioSourceConfigurations': () =>
        all('GetAudioSourceConfigurations', [configurations.audioSourceConfiguration('trt:Configurations', uses)]),
      'trt:GetAudioEncoderConfigurations': () =>
        all('GetAudioEncoderConfigurations', [configurations.audioEncoderConfiguration('trt:Configurations', uses)]),
      'trt:GetAudioEncoderConfigurationOptions': () =>
        all('GetAudioEncoderConfigurationOptions', [
          xml`<trt:Options><tt:Options>
            <tt:Encoding>G711</tt:Encoding>
            <tt:BitrateList><tt:Items>64</tt:Items></tt:BitrateList><tt:SampleRateList><tt:Items>8</tt:Items></tt:SampleRateList>
          </tt:Options></trt:Options>`,
        ]),
      'trt:GetAudioOutputConfigurations': () =>
        all('GetAudioOutputConfigurations', [configurations.audioOutputConfiguration('trt:Configurations', uses)]),
      'trt:GetAudioDecoderConfigurations': () =>
        all('GetAudioDecoderConfigurations', [configurations.audioDecoderConfiguration('trt:Configurations', uses)]),
      'trt:GetAudioDecoderConfigurationOptions': () =>
        all('GetAudioDecoderConfigurationOptions', [
          xml`<trt:Options><tt:G711DecOptions>
            <tt:Bitrate><tt:Items>64</tt:Items></tt:Bitrate><tt:SampleRateRange><tt:Items>8</tt:Items></tt:SampleRateRange>
          </tt:G711DecOptions></trt:Options>`,
        ]),
      'trt:GetMetadataConfigurations': () =>
        all('GetMetadataConfigurations', [configurations.metadataConfiguration('trt:Configurations', uses, metadata)]),
      'trt:GetMetadataConfiguration': (call) => {
        if (childText(call.operation, 'ConfigurationToken') !== TOKENS.metadataConfiguration) throw noConfiguration();
        return all('GetMetadataConfiguration', [configurations.metadataConfiguration('trt:Configuration', uses, metadata)]);
      },
      'trt:SetMetadataConfiguration': (call) => {
        setMetadataConfiguration(child(call.operation, 'Configuration'), metadata);
        return xml`<trt:SetMetadataConfigurationResponse/>`;
      },
      'trt:GetStreamUri': (call) => {
        const profile = profileOf(call.operation, profiles);
        const setup = child(call.operation, 'StreamSetup');
        const protocol = childText(child(setup, 'Transport'), 'Protocol') ?? '';
        if (childText(setup, 'Stream') !== 'RTP-Unicast' || !['UDP', 'TCP', 'RTSP'].includes(protocol))
          throw invalidStreamSetup();
        return xml`<trt:GetStreamUriResponse><trt:MediaUri>
          <tt:Uri>${streamUri(call, options, profile)}</tt:Uri>
          <tt:InvalidAfterConnect>false</tt:InvalidAfterConnect><tt:InvalidAfterReboot>false</tt:InvalidAfterReboot><tt:Timeout>PT0S</tt:Timeout>
        </trt:MediaUri></trt:GetStreamUriResponse>`;
      },
      'trt:GetSnapshotUri': () => {
        throw actionNotSupported('The camera has no snapshots');
      },
      'trt:SetSynchronizationPoint': (call) => {
        options.onSynchronizationPoint(profileOf(call.operation, profiles).token);
        return xml`<trt:SetSynchronizationPointResponse/>`;
      },
    },
  });
}

function mediaProfile(elementName: string, profile: InputProfile, options: MediaServiceOptions): Markup {
  const uses = options.profiles.length;
  return element(
    elementName,
    { token: profile.token, fixed: true },
    xml`<tt:Name>${profile.name}</tt:Name>
      ${configurations.videoSourceConfiguration('tt:VideoSourceConfiguration', options.profiles, profile.input)}
      ${configurations.audioSourceConfiguration('tt:AudioSourceConfiguration', uses)}
      ${configurations.videoEncoderConfiguration('tt:VideoEncoderConfiguration', profile)}
      ${configurations.audioEncoderConfiguration('tt:AudioEncoderConfiguration', uses)}
      ${ptzConfiguration('tt:PTZConfiguration', uses)}
      ${options.hasMetadata === false ? undefined : configurations.metadataConfiguration('tt:MetadataConfiguration', uses, options.metadata)}
      <tt:Extension>
        ${configurations.audioOutputConfiguration('tt:AudioOutputConfiguration', uses)}
        ${configurations.audioDecoderConfiguration('tt:AudioDecoderConfiguration', uses)}
      </tt:Extension>`,
  );
}

function videoSource(profiles: readonly InputProfile[], input: number): Markup {
  const { width, height, framesPerSecond } = configurations.largest(profiles);
  return xml`<trt:VideoSources token="${ofInput(TOKENS.videoSource, input)}">
    <tt:Framerate>${framesPerSecond}</tt:Framerate>
    <tt:Resolution><tt:Width>${width}</tt:Width><tt:Height>${height}</tt:Height></tt:Resolution>
  </trt:VideoSources>`;
}

/** The profile that the operation's ProfileToken names; a fault where there is none. */
export function profileOf(operation: XmlElement, profiles: readonly InputProfile[]): InputProfile {
  return profileNamed(childText(operation, 'ProfileToken'), profiles);
}

export function profileNamed(token: string | undefined, profiles: readonly InputProfile[]): InputProfile {
  const profile = profiles.find((candidate) => candidate.token === token);
  if (profile === undefined) throw invalidArgument('NoProfile', 'The requested profile token does not exist');
  return profile;
}

function profileOfEncoder(token: string | undefined, profiles: readonly InputProfile[]): InputProfile {
  const profile = profiles.find((candidate) => videoEncoderToken(candidate) === token);
  if (profile === undefined) throw noConfiguration();
  return profile;
}

/** The encoder whose options are asked for, by configuration or by profile; the first where neither is named. */
export function selectedEncoder(call: Call, profiles: readonly InputProfile[]): InputProfile {
  const configurationToken = childText(call.operation, 'ConfigurationToken');
  if (configurationToken !== undefined) return profileOfEncoder(configurationToken, profiles);
  if (child(call.operation, 'ProfileToken') !== undefined) return profileOf(call.operation, profiles);
  const [first] = profiles;
  if (first === undefined) throw invalidArgument('NoProfile', 'The camera has no profile');
  return first;
}

/** The RTSP URI at the host that the client used for SOAP. */
export function streamUri(call: Call, options: MediaServiceOptions, profile: InputProfile): string {
  const host = call.authority.replace(/:\d+$/, '');
  return `rtsp://${host}:${options.rtspPort()}/${profile.token}`;
}

export function noConfiguration(): SoapFault {
  return invalidArgument('NoConfig', 'The requested configuration does not exist');
}

export function invalidStreamSetup(): SoapFault {
  return invalidArgument('InvalidStreamSetup', 'Specification of stream type or transport part in StreamSetup is not supported');
}

/** Takes over what the metadata stream shall have; what the configuration leaves out is off. Events are never in it. */
export function setMetadataConfiguration(configuration: XmlElement | undefined, metadata: MetadataParts): void {
  if (configuration?.attributes.get('token') !== TOKENS.metadataConfiguration) throw noConfiguration();
  const ptz = child(configuration, 'PTZStatus');
  metadata.ptzStatus = childFlag(ptz, 'Status') ?? false;
  metadata.ptzPosition = childFlag(ptz, 'Position') ?? false;
  metadata.analytics = childFlag(configuration, 'Analytics') ?? false;
}
