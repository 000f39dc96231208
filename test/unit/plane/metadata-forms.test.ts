import { describe, expect, it } from 'vitest';
import { parseSessionDescription } from '../../../src/camera/rtsp/sdp.ts';
import { Stream } from '../../../src/media/stream.ts';
import { streamMedia } from '../../../src/plane/stream-media.ts';

function described(...names: string[]): ReturnType<typeof parseSessionDescription>['tracks'] {
  const sections = names.map((name) => `m=application 0 RTP/AVP 107\r\na=rtpmap:107 ${name}/90000\r\n`).join('');
  return parseSessionDescription(`v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n${sections}`).tracks;
}

function mediaOf(...names: string[]): ReturnType<typeof streamMedia> {
  const tracks = described(...names);
  return streamMedia(tracks, Stream.choose(tracks));
}

describe('metadata of a profile', () => {
  it.each(['vnd.onvif.metadata', 'VND.ONVIF.METADATA', 'Vnd.Onvif.Metadata+GZIP', 'vnd.onvif.metadata+gzip'])(
    'are taken in the form %s',
    (name) => {
      expect(mediaOf(name)).toMatchObject({ metadata: true, warnings: [] });
    },
  );

  it.each(['vnd.onvif.metadata.exi.onvif', 'VND.ONVIF.METADATA.EXI.EXT'])(
    'are refused in the form %s, and it is said what to set; the picture is not affected',
    (name) => {
      const media = mediaOf(name);
      expect(media).toMatchObject({ video: 'H264', metadata: false });
      expect(media.warnings.map(({ code }) => code)).toEqual(['stream.metadata_exi']);
      expect(media.warnings[0]?.advice).toContain('None');
    },
  );

  it('are taken where they come as EXI and in another form too', () => {
    expect(mediaOf('vnd.onvif.metadata.exi.ext', 'vnd.onvif.metadata')).toMatchObject({ metadata: true, warnings: [] });
  });

  it('are not what another application track carries', () => {
    expect(mediaOf('vnd.vendor.text', 'vnd.onvif.metadata.other')).toMatchObject({ metadata: false, warnings: [] });
  });
});
