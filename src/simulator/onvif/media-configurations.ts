import type { MetadataParts } from '../metadata-document.ts';
import { ofInput, type InputProfile } from '../profiles.ts';
import { element, xml, type Markup } from './xml.ts';

/** Tokens of what all profiles share. None looks like a number, which some clients would turn into one. */
export const TOKENS = {
  videoSource: 'video-source',
  videoSourceConfiguration: 'video-source-config',
  audioSource: 'audio-source',
  audioSourceConfiguration: 'audio-source-config',
  audioEncoderConfiguration: 'audio-encoder-config',
  audioOutput: 'audio-output',
  audioOutputConfiguration: 'audio-output-config',
  audioDecoderConfiguration: 'audio-decoder-config',
  metadataConfiguration: 'metadata-config',
  ptzConfiguration: 'ptz-config',
  ptzNode: 'ptz-node',
} as const;

export function videoEncoderToken(profile: InputProfile): string {
  return `video-encoder-${profile.token}`;
}

const SESSION_TIMEOUT = xml`<tt:SessionTimeout>PT60S</tt:SessionTimeout>`;

/** There is no multicast, but the schema demands its settings. */
const MULTICAST = xml`<tt:Multicast>
  <tt:Address><tt:Type>IPv4</tt:Type><tt:IPv4Address>0.0.0.0</tt:IPv4Address></tt:Address>
  <tt:Port>0</tt:Port><tt:TTL>0</tt:TTL><tt:AutoStart>false</tt:AutoStart>
</tt:Multicast>`;

/** tt:ConfigurationEntity under the given element name, and what the derived type adds. */
function configuration(
  elementName: string,
  attributes: { token: string } & Record<string, string | number | boolean>,
  name: string,
  useCount: number,
  content: Markup,
): Markup {
  return element(elementName, attributes, xml`<tt:Name>${name}</tt:Name><tt:UseCount>${useCount}</tt:UseCount>${content}`);
}

/** The configuration of one input, for the profiles that show it. */
export function videoSourceConfiguration(elementName: string, profiles: readonly InputProfile[], input: number): Markup {
  const shown = profiles.filter((profile) => profile.input === input);
  const { width, height } = largest(shown);
  return configuration(
    elementName,
    { token: ofInput(TOKENS.videoSourceConfiguration, input) },
    'Video source',
    shown.length,
    xml`<tt:SourceToken>${ofInput(TOKENS.videoSource, input)}</tt:SourceToken><tt:Bounds x="0" y="0" width="${width}" height="${height}"/>`,
  );
}

/** From 1 on. */
export function inputsOf(profiles: readonly InputProfile[]): number[] {
  return [...new Set(profiles.map(({ input }) => input))];
}

export function largest(profiles: readonly InputProfile[]): { width: number; height: number; framesPerSecond: number } {
  return {
    width: Math.max(...profiles.map((profile) => profile.width)),
    height: Math.max(...profiles.map((profile) => profile.height)),
    framesPerSecond: Math.max(...profiles.map((profile) => profile.framesPerSecond)),
  };
}

function resolution(profile: InputProfile): Markup {
  return xml`<tt:Width>${profile.width}</tt:Width><tt:Height>${profile.height}</tt:Height>`;
}

export function videoEncoderConfiguration(elementName: string, profile: InputProfile): Markup {
  return configuration(
    elementName,
    { token: videoEncoderToken(profile) },
    `Video encoder ${profile.name}`,
    1,
    xml`<tt:Encoding>H264</tt:Encoding>
      <tt:Resolution>${resolution(profile)}</tt:Resolution>
      <tt:Quality>5</tt:Quality>
      <tt:RateControl>
        <tt:FrameRateLimit>${profile.framesPerSecond}</tt:FrameRateLimit>
        <tt:EncodingInterval>1</tt:EncodingInterval>
        <tt:BitrateLimit>${profile.bitrateKbps}</tt:BitrateLimit>
      </tt:RateControl>
      <tt:H264><tt:GovLength>${profile.gopLength}</tt:GovLength><tt:H264Profile>${profile.h264Profile}</tt:H264Profile></tt:H264>
      ${MULTICAST}${SESSION_TIMEOUT}`,
  );
}

/** The encoder as Media2 describes it (tt:VideoEncoder2Configuration). */
export function videoEncoder2Configuration(elementName: string, profile: InputProfile): Markup {
  return configuration(
    elementName,
    { token: videoEncoderToken(profile), GovLength: profile.gopLength, Profile: profile.h264Profile },
    `Video encoder ${profile.name}`,
    1,
    xml`<tt:Encoding>H264</tt:Encoding>
      <tt:Resolution>${resolution(profile)}</tt:Resolution>
      <tt:RateControl ConstantBitRate="false">
        <tt:FrameRateLimit>${profile.framesPerSecond}</tt:FrameRateLimit><tt:BitrateLimit>${profile.bitrateKbps}</tt:BitrateLimit>
      </tt:RateControl>
      <tt:Quality>5</tt:Quality>`,
  );
}

/** The encoder does only what it is set to. */
export function videoEncoderOptions(profile: InputProfile): Markup {
  return xml`<trt:Options>
    <tt:QualityRange><tt:Min>5</tt:Min><tt:Max>5</tt:Max></tt:QualityRange>
    <tt:H264>
      <tt:ResolutionsAvailable>${resolution(profile)}</tt:ResolutionsAvailable>
      <tt:GovLengthRange><tt:Min>${profile.gopLength}</tt:Min><tt:Max>${profile.gopLength}</tt:Max></tt:GovLengthRange>
      <tt:FrameRateRange><tt:Min>${profile.framesPerSecond}</tt:Min><tt:Max>${profile.framesPerSecond}</tt:Max></tt:FrameRateRange>
      <tt:EncodingIntervalRange><tt:Min>1</tt:Min><tt:Max>1</tt:Max></tt:EncodingIntervalRange>
      <tt:H264ProfilesSupported>${profile.h264Profile}</tt:H264ProfilesSupported>
    </tt:H264>
  </trt:Options>`;
}

export function videoEncoder2Options(profile: InputProfile): Markup {
  const attributes = {
    GovLengthRange: `${profile.gopLength} ${profile.gopLength}`,
    FrameRatesSupported: profile.framesPerSecond,
    ProfilesSupported: profile.h264Profile,
    ConstantBitRateSupported: false,
  };
  return element(
    'tr2:Options',
    attributes,
    xml`<tt:Encoding>H264</tt:Encoding>
      <tt:QualityRange><tt:Min>5</tt:Min><tt:Max>5</tt:Max></tt:QualityRange>
      <tt:ResolutionsAvailable>${resolution(profile)}</tt:ResolutionsAvailable>
      <tt:BitrateRange><tt:Min>${profile.bitrateKbps}</tt:Min><tt:Max>${profile.bitrateKbps}</tt:Max></tt:BitrateRange>`,
  );
}

export function audioSourceConfiguration(elementName: string, useCount: number): Markup {
  return configuration(
    elementName,
    { token: TOKENS.audioSourceConfiguration },
    'Audio source',
    useCount,
    xml`<tt:SourceToken>${TOKENS.audioSource}</tt:SourceToken>`,
  );
}

export function audioEncoderConfiguration(elementName: string, useCount: number): Markup {
  return configuration(
    elementName,
    { token: TOKENS.audioEncoderConfiguration },
    'Audio encoder',
    useCount,
    xml`<tt:Encoding>G711</tt:Encoding><tt:Bitrate>64</tt:Bitrate><tt:SampleRate>8</tt:SampleRate>${MULTICAST}${SESSION_TIMEOUT}`,
  );
}

/** Media2 names the encoding as in SDP. */
export function audioEncoder2Configuration(elementName: string, useCount: number): Markup {
  return configuration(
    elementName,
    { token: TOKENS.audioEncoderConfiguration },
    'Audio encoder',
    useCount,
    xml`<tt:Encoding>PCMU</tt:Encoding><tt:Bitrate>64</tt:Bitrate><tt:SampleRate>8</tt:SampleRate>`,
  );
}

export function audioOutputConfiguration(elementName: string, useCount: number): Markup {
  return configuration(
    elementName,
    { token: TOKENS.audioOutputConfiguration },
    'Loudspeaker',
    useCount,
    xml`<tt:OutputToken>${TOKENS.audioOutput}</tt:OutputToken>
      <tt:SendPrimacy>www.onvif.org/ver20/HalfDuplex/Auto</tt:SendPrimacy><tt:OutputLevel>50</tt:OutputLevel>`,
  );
}

export function audioDecoderConfiguration(elementName: string, useCount: number): Markup {
  return configuration(elementName, { token: TOKENS.audioDecoderConfiguration }, 'Audio decoder', useCount, xml``);
}

export function metadataConfiguration(elementName: string, useCount: number, parts: Readonly<MetadataParts>): Markup {
  return configuration(
    elementName,
    {
      token: TOKENS.metadataConfiguration,
      ...(parts.compressionType === undefined ? {} : { CompressionType: parts.compressionType }),
    },
    'Metadata',
    useCount,
    xml`<tt:PTZStatus><tt:Status>${parts.ptzStatus}</tt:Status><tt:Position>${parts.ptzPosition}</tt:Position></tt:PTZStatus>
      <tt:Analytics>${parts.analytics}</tt:Analytics>
      ${MULTICAST}${SESSION_TIMEOUT}`,
  );
}
