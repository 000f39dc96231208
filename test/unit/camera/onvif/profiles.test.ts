import { describe, expect, it } from 'vitest';
import { parseMedia1Profiles, parseMedia2Profiles, parseMediaUri } from '../../../../src/camera/onvif/profiles.ts';
import { parseXml, type XmlElement } from '../../../../src/camera/xml.ts';

function xml(text: string): XmlElement {
  const root = parseXml(text);
  if (root === undefined) throw new Error('not XML');
  return root;
}

describe('Media1 profiles', () => {
  it('give codec, size, rate, bitrate, GOP and what else is in the profile', () => {
    const [profile] = parseMedia1Profiles(
      xml(`<trt:GetProfilesResponse><trt:Profiles token="001" fixed="true"><tt:Name>main stream</tt:Name>
        <tt:VideoSourceConfiguration token="VSC"><tt:Name>v</tt:Name><tt:SourceToken>000</tt:SourceToken></tt:VideoSourceConfiguration>
        <tt:AudioEncoderConfiguration token="A"><tt:Encoding>G711</tt:Encoding>
          <tt:Bitrate>64</tt:Bitrate><tt:SampleRate>8</tt:SampleRate></tt:AudioEncoderConfiguration>
        <tt:VideoEncoderConfiguration token="E"><tt:Encoding>H264</tt:Encoding>
          <tt:Resolution><tt:Width>1920</tt:Width><tt:Height>1080</tt:Height></tt:Resolution>
          <tt:RateControl><tt:FrameRateLimit>25</tt:FrameRateLimit><tt:EncodingInterval>2</tt:EncodingInterval>
            <tt:BitrateLimit>4096</tt:BitrateLimit></tt:RateControl>
          <tt:H264><tt:GovLength>50</tt:GovLength><tt:H264Profile>Main</tt:H264Profile></tt:H264>
        </tt:VideoEncoderConfiguration>
        <tt:PTZConfiguration token="P"/><tt:MetadataConfiguration token="M"/>
        <tt:Extension><tt:AudioOutputConfiguration token="O"/><tt:AudioDecoderConfiguration token="D"/></tt:Extension></trt:Profiles></trt:GetProfilesResponse>`),
    );
    expect(profile).toEqual({
      token: '001',
      name: 'main stream',
      videoSource: '000',
      video: {
        codec: 'H264',
        profile: 'Main',
        width: 1920,
        height: 1080,
        framesPerSecond: 12.5,
        bitrateKbps: 4096,
        govLength: 50,
      },
      audio: { codec: 'G711', sampleRateHz: 8000, bitrateKbps: 64 },
      metadata: true,
      audioDecoder: true,
      ptz: true,
      configurations: {
        videoSource: 'VSC',
        videoEncoder: 'E',
        audioEncoder: 'A',
        metadata: 'M',
        ptz: 'P',
        audioOutput: 'O',
        audioDecoder: 'D',
      },
    });
  });

  it('may lack nearly everything', () => {
    const profiles = parseMedia1Profiles(
      xml(`<r><Profiles token="a"/><Profiles/><Profiles token="b"><Name/><VideoEncoderConfiguration><Encoding>jpeg</Encoding>
        </VideoEncoderConfiguration></Profiles></r>`),
    );
    const nothing = { videoSource: null, audio: null, metadata: false, audioDecoder: false, ptz: false };
    const configurations = {
      videoSource: null,
      videoEncoder: null,
      audioEncoder: null,
      metadata: null,
      ptz: null,
      audioOutput: null,
      audioDecoder: null,
    };
    expect(profiles).toEqual([
      { token: 'a', name: 'a', video: null, ...nothing, configurations },
      {
        token: 'b',
        name: 'b',
        video: { codec: 'JPEG', profile: null, width: 0, height: 0, framesPerSecond: null, bitrateKbps: null, govLength: null },
        ...nothing,
        configurations,
      },
    ]);
  });
});

describe('Media2 profiles', () => {
  it('list H.265 and use the names of media types', () => {
    const profiles = parseMedia2Profiles(
      xml(`<tr2:GetProfilesResponse><tr2:Profiles token="P1"><tr2:Name>hevc</tr2:Name><tr2:Configurations>
        <tr2:VideoSource token="s"><tt:SourceToken>VS1</tt:SourceToken></tr2:VideoSource>
        <tr2:AudioEncoder token="a"><tt:Encoding>MP4A-LATM</tt:Encoding><tt:Bitrate>32000</tt:Bitrate>
          <tt:SampleRate>16000</tt:SampleRate></tr2:AudioEncoder>
        <tr2:VideoEncoder token="e" GovLength="100" Profile="Main"><tt:Encoding>H265</tt:Encoding>
          <tt:Resolution><tt:Width>3840</tt:Width><tt:Height>2160</tt:Height></tt:Resolution>
          <tt:RateControl ConstantBitRate="false"><tt:FrameRateLimit>29.97</tt:FrameRateLimit><tt:BitrateLimit>8000</tt:BitrateLimit></tt:RateControl>
        </tr2:VideoEncoder><tr2:Metadata token="m"/><tr2:AudioDecoder token="d"/></tr2:Configurations></tr2:Profiles>
        <tr2:Profiles token="P2"><tr2:Name>empty</tr2:Name></tr2:Profiles></tr2:GetProfilesResponse>`),
    );
    expect(profiles[0]).toEqual({
      token: 'P1',
      name: 'hevc',
      videoSource: 'VS1',
      video: {
        codec: 'H265',
        profile: 'Main',
        width: 3840,
        height: 2160,
        framesPerSecond: 29.97,
        bitrateKbps: 8000,
        govLength: 100,
      },
      audio: { codec: 'AAC', sampleRateHz: 16_000, bitrateKbps: 32 },
      metadata: true,
      audioDecoder: true,
      ptz: false,
      configurations: {
        videoSource: 's',
        videoEncoder: 'e',
        audioEncoder: 'a',
        metadata: 'm',
        ptz: null,
        audioOutput: null,
        audioDecoder: 'd',
      },
    });
    expect(profiles[1]).toMatchObject({ token: 'P2', video: null });
  });
});

describe('stream URI', () => {
  it('is read in the form of Media1 and of Media2', () => {
    expect(parseMediaUri(xml('<r><MediaUri><Uri>rtsp://a/1?x=1&amp;y=2</Uri></MediaUri></r>'))).toBe('rtsp://a/1?x=1&y=2');
    expect(parseMediaUri(xml('<r><Uri>rtsp://a/2</Uri></r>'))).toBe('rtsp://a/2');
    expect(parseMediaUri(xml('<r/>'))).toBeUndefined();
  });
});
