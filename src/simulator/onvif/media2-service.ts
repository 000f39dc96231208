import { ofInput, type InputProfile } from '../profiles.ts';
import * as configurations from './media-configurations.ts';
import { TOKENS } from './media-configurations.ts';
import {
  invalidStreamSetup,
  noConfiguration,
  profileNamed,
  profileOf,
  selectedEncoder,
  setMetadataConfiguration,
  streamUri,
  type MediaServiceOptions,
} from './media-service.ts';
import { ptzConfiguration } from './ptz-configuration.ts';
import { defineService, type Call, type Handler, type Service } from './service.ts';
import { actionNotSupported } from './soap.ts';
import { child, childText, element, xml, type Markup } from './xml.ts';

const capabilitiesWith = (
  profiles: readonly InputProfile[],
): Markup => xml`<tr2:Capabilities SnapshotUri="false" Rotation="false" VideoSourceMode="false" OSD="false" Mask="false">
  <tr2:ProfileCapabilities MaximumNumberOfProfiles="${profiles.length}" ConfigurationsSupported="VideoSource VideoEncoder AudioSource AudioEncoder AudioOutput AudioDecoder Metadata PTZ"/>
  <tr2:StreamingCapabilities RTSPStreaming="true" RTPMulticast="false" RTP_RTSP_TCP="true" NonAggregateControl="false"/>
</tr2:Capabilities>`;

/** Media2 (ver20): the same profiles as Media1 in its newer words. */
export function media2Service(options: MediaServiceOptions): Service {
  const { profiles, metadata } = options;
  const uses = profiles.length;
  return defineService({
    prefix: 'tr2',
    path: '/onvif/media2_service',
    version: { major: 2, minor: 60 },
    capabilities: capabilitiesWith(profiles),
    operations: {
      'tr2:GetProfiles': (call) => {
        const types = call.operation.children.filter((argument) => argument.name === 'Type').map((type) => type.text);
        const wanted =
          child(call.operation, 'Token') === undefined ? profiles : [profileNamed(childText(call.operation, 'Token'), profiles)];
        return xml`<tr2:GetProfilesResponse>${wanted.map((profile) => media2Profile(profile, types, options))}</tr2:GetProfilesResponse>`;
      },
      'tr2:GetStreamUri': (call) => {
        const profile = profileOf(call.operation, profiles);
        if (!['RTSP', 'RtspUnicast'].includes(childText(call.operation, 'Protocol') ?? '')) throw invalidStreamSetup();
        return xml`<tr2:GetStreamUriResponse><tr2:Uri>${streamUri(call, options, profile)}</tr2:Uri></tr2:GetStreamUriResponse>`;
      },
      'tr2:GetSnapshotUri': () => {
        throw actionNotSupported('The camera has no snapshots');
      },
      'tr2:SetSynchronizationPoint': (call) => {
        options.onSynchronizationPoint(profileOf(call.operation, profiles).token);
        return xml`<tr2:SetSynchronizationPointResponse/>`;
      },
      'tr2:GetVideoEncoderConfigurations': (call) => {
        const isAll = ['ConfigurationToken', 'ProfileToken'].every((name) => child(call.operation, name) === undefined);
        const wanted = isAll ? profiles : [selectedEncoder(call, profiles)];
        const encoders = wanted.map((profile) => configurations.videoEncoder2Configuration('tr2:Configurations', profile));
        return xml`<tr2:GetVideoEncoderConfigurationsResponse>${encoders}</tr2:GetVideoEncoderConfigurationsResponse>`;
      },
      'tr2:GetVideoEncoderConfigurationOptions': (call) => xml`<tr2:GetVideoEncoderConfigurationOptionsResponse>
        ${configurations.videoEncoder2Options(selectedEncoder(call, profiles))}
      </tr2:GetVideoEncoderConfigurationOptionsResponse>`,
      'tr2:GetVideoSourceConfigurations': (call) => {
        const wanted = inputsAskedFor(call, profiles);
        const sources = wanted.map((input) => configurations.videoSourceConfiguration('tr2:Configurations', profiles, input));
        return xml`<tr2:GetVideoSourceConfigurationsResponse>${sources}</tr2:GetVideoSourceConfigurationsResponse>`;
      },
      ...shared('AudioSource', TOKENS.audioSourceConfiguration, profiles, (name) =>
        configurations.audioSourceConfiguration(name, uses),
      ),
      ...shared('AudioEncoder', TOKENS.audioEncoderConfiguration, profiles, (name) =>
        configurations.audioEncoder2Configuration(name, uses),
      ),
      ...shared('AudioOutput', TOKENS.audioOutputConfiguration, profiles, (name) =>
        configurations.audioOutputConfiguration(name, uses),
      ),
      ...shared('AudioDecoder', TOKENS.audioDecoderConfiguration, profiles, (name) =>
        configurations.audioDecoderConfiguration(name, uses),
      ),
      ...shared('Metadata', TOKENS.metadataConfiguration, profiles, (name) =>
        configurations.metadataConfiguration(name, uses, metadata),
      ),
      'tr2:SetMetadataConfiguration': (call) => {
        setMetadataConfiguration(child(call.operation, 'Configuration'), metadata);
        return xml`<tr2:SetMetadataConfigurationResponse/>`;
      },
    },
  });
}

/** Those of the configuration or the profile that is named; all where neither is. */
function inputsAskedFor(call: Call, profiles: readonly InputProfile[]): number[] {
  const token = childText(call.operation, 'ConfigurationToken');
  if (token === undefined) {
    return child(call.operation, 'ProfileToken') === undefined
      ? configurations.inputsOf(profiles)
      : [profileOf(call.operation, profiles).input];
  }
  const named = configurations.inputsOf(profiles).filter((input) => ofInput(TOKENS.videoSourceConfiguration, input) === token);
  if (named.length === 0) throw noConfiguration();
  return named;
}

/** Get...Configurations of a kind of which all profiles share the only one. */
function shared(
  kind: string,
  token: string,
  profiles: readonly InputProfile[],
  build: (elementName: string) => Markup,
): Record<string, Handler> {
  const operation = `tr2:Get${kind}Configurations`;
  const handler: Handler = (call) => {
    if (child(call.operation, 'ProfileToken') !== undefined) profileOf(call.operation, profiles);
    if ((childText(call.operation, 'ConfigurationToken') ?? token) !== token) throw noConfiguration();
    return element(`${operation}Response`, {}, build('tr2:Configurations'));
  };
  return { [operation]: handler };
}

/** Without a Type the answer has tokens and names only (Media2 Service Specification, GetProfiles). */
function media2Profile(profile: InputProfile, types: readonly string[], options: MediaServiceOptions): Markup {
  const uses = options.profiles.length;
  const included = (type: string, build: () => Markup): Markup | undefined =>
    types.includes('All') || types.includes(type) ? build() : undefined;
  const set = xml`<tr2:Configurations>
    ${included('VideoSource', () => configurations.videoSourceConfiguration('tr2:VideoSource', options.profiles, profile.input))}
    ${included('AudioSource', () => configurations.audioSourceConfiguration('tr2:AudioSource', uses))}
    ${included('VideoEncoder', () => configurations.videoEncoder2Configuration('tr2:VideoEncoder', profile))}
    ${included('AudioEncoder', () => configurations.audioEncoder2Configuration('tr2:AudioEncoder', uses))}
    ${included('PTZ', () => ptzConfiguration('tr2:PTZ', uses))}
    ${options.hasMetadata === false ? undefined : included('Metadata', () => configurations.metadataConfiguration('tr2:Metadata', uses, options.metadata))}
    ${included('AudioOutput', () => configurations.audioOutputConfiguration('tr2:AudioOutput', uses))}
    ${included('AudioDecoder', () => configurations.audioDecoderConfiguration('tr2:AudioDecoder', uses))}
  </tr2:Configurations>`;
  return element(
    'tr2:Profiles',
    { token: profile.token, fixed: true },
    xml`<tr2:Name>${profile.name}</tr2:Name>${types.length === 0 ? undefined : set}`,
  );
}
