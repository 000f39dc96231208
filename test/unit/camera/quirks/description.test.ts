import { describe, expect, it } from 'vitest';
import { isReceived, parseSessionDescription } from '../../../../src/camera/rtsp/sdp.ts';
import { Stream } from '../../../../src/media/stream.ts';

/* Row 11 of docs/camera-quirks.md, and what else is broken in session descriptions. */

/** The tracks that would be pulled: name, payload type, clock rate and control. */
function pulled(text: string): [name: string, payloadType: number, clockRate: number, control: string][] {
  const chosen = Stream.choose(parseSessionDescription(text).tracks.filter(isReceived));
  return chosen.map(({ encodingName, payloadType, clockRate, control }) => [encodingName, payloadType, clockRate, control]);
}

describe('quirk 11: malformed session descriptions (go2rtc#679, #1663)', () => {
  it('has no v= nor anything else of the session', () => {
    const text = 'm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:trackID=0\r\n';
    expect(pulled(text)).toEqual([['H264', 96, 90_000, 'trackID=0']]);
  });

  it('has a bare c=IN in each section, and an o= that breaks off (Uniview, H3C)', () => {
    const text = [
      ...['v=0', 'o=- 1001 1 IN', 's=VCP IPC Realtime stream', 'm=video 0 RTP/AVP 105', 'c=IN'],
      ...['a=control:rtsp://192.168.0.60/media/video2/video', 'a=rtpmap:105 H264/90000'],
      ...['a=fmtp:105 profile-level-id=640016; packetization-mode=1; sprop-parameter-sets=Z2QAFqw7UFAX/LCAAAH0AABOIEI=,aOqPLA=='],
      ...[
        'a=recvonly',
        'm=audio 0 RTP/AVP 0',
        'c=IN',
        'a=fmtp:0 RTCP=0',
        'a=control:rtsp://192.168.0.60/media/video2/audio1',
        'a=recvonly',
      ],
      ...['m=audio 0 RTP/AVP 0', 'c=IN', 'a=control:rtsp://192.168.0.60/media/video2/backchannel', 'a=rtpmap:0 PCMA/8000'],
      ...['a=rtpmap:0 PCMU/8000', 'a=sendonly', 'm=application 0 RTP/AVP 107', 'c=IN'],
      ...['a=control:rtsp://192.168.0.60/media/video2/metadata', 'a=rtpmap:107 vnd.onvif.metadata/90000'],
      ...['a=fmtp:107 DecoderTag=h3c-v3 RTCP=0', 'a=recvonly', ''],
    ].join('\r\n');
    expect(pulled(text)).toEqual([
      ['H264', 105, 90_000, 'rtsp://192.168.0.60/media/video2/video'],
      ['PCMU', 0, 8000, 'rtsp://192.168.0.60/media/video2/audio1'],
      ['vnd.onvif.metadata', 107, 90_000, 'rtsp://192.168.0.60/media/video2/metadata'],
    ]);
  });

  it('has garbage for port and address (Tuya: go2rtc#2316)', () => {
    const text = "v=0\r\nm=video -1353744643 RTP/AVP 96\r\nc=IN IP4 '&\ufffd\ufffd\r\na=rtpmap:96 H264/90000\r\n";
    expect(pulled(text)).toEqual([['H264', 96, 90_000, '']]);
  });

  it('repeats s= and i= within the media (RtspServer: WebRTC#417)', () => {
    const text =
      'v=0\r\ns=RtspServer\r\nm=video 0 RTP/AVP 96\r\ns=RtspServer\r\ni=live\r\na=control:track0\r\na=rtpmap:96 H264/90000 \r\n';
    expect(pulled(text)).toEqual([['H264', 96, 90_000, 'track0']]);
  });

  it.each([
    ['line feeds', '\n'],
    ['carriage returns', '\r'],
    ['both and empty lines', '\r\n\r\n'],
  ])('has %s alone at the end of its lines', (_, end) => {
    const text = ['v=0', 'm=video 0 RTP/AVP 96', 'a=rtpmap:96 H264/90000', 'a=control:v'].join(end);
    expect(pulled(text)).toEqual([['H264', 96, 90_000, 'v']]);
  });

  it('lists media of kinds of its own (Mercury, VICON: go2rtc#1278; BZBGEAR: gortsplib#1068)', () => {
    const text = [
      ...['v=0', 'm=meta 0 RTP/AVP 123', 'a=rtpmap:123 META /0', 'm=application/MERCURY 0 RTP/AVP smart/1/90000'],
      ...['a=rtpmap:95 MERCURY/90000', 'm=vana 0 RTP/AVP 108', 'a=rtpmap:108 video.analysis/90000/500', 'm=video 0 RTP/AVP 35'],
      'a=rtpmap:35 H264/90000',
    ].join('\r\n');
    expect(pulled(text)).toEqual([['H264', 35, 90_000, '']]);
    expect(parseSessionDescription(text).tracks.map(({ index }) => index)).toEqual([3]);
  });

  it('has the fmtp of its video in the section of its audio (WebRTC#419)', () => {
    const text = [
      ...['v=0', 's=streamed by the RTSP server', 'm=video 0 RTP/AVP 96', 'a=rtpmap:96 H264/90000', 'a=control:track0'],
      ...['m=audio 0 RTP/AVP 8', 'a=rtpmap:0 pcma/8000/1', 'a=control:track1', 'a=framerate:25', 'a=range:npt=now-'],
      'a=fmtp:96 packetization-mode=1;profile-level-id=64001F;sprop-parameter-sets=Z0IAH5WoFAFuQA==,aM48gA==',
    ].join('\r\n');
    const [video, audio] = parseSessionDescription(text).tracks;
    expect(video?.fmtp.get('sprop-parameter-sets')).toBe('Z0IAH5WoFAFuQA==,aM48gA==');
    expect(audio).toMatchObject({ encodingName: 'PCMA', fmtp: new Map() });
    // One that a section has for a payload type of its own is not lent.
    const own = 'm=video 0 RTP/AVP 96\r\nm=audio 0 RTP/AVP 96\r\na=rtpmap:96 mpeg4-generic/16000\r\na=fmtp:96 config=1408\r\n';
    expect(parseSessionDescription(own).tracks.map(({ fmtp }) => fmtp.size)).toEqual([0, 1]);
  });

  it.each([
    ['of its video (CV-RTSPHandler: go2rtc#771)', '', 'a=sendonly\r\n', '', ''],
    ['of video and sound', '', 'a=sendonly\r\n', 'a=sendonly\r\n', ''],
    ['of the session', 'a=sendonly\r\n', '', '', ''],
    ['of both, and recvonly of the backchannel', '', 'a=sendonly\r\n', 'a=sendonly\r\n', 'm=audio 0 RTP/AVP 8\r\na=recvonly\r\n'],
  ])('says sendonly %s, by which it means itself', (_, ofSession, ofVideo, ofSound, backchannel) => {
    const text =
      `v=0\r\n${ofSession}m=video 0 RTP/AVP 99\r\na=rtpmap:99 H264/90000\r\n${ofVideo}` +
      `m=audio 0 RTP/AVP 0\r\n${ofSound}${backchannel}`;
    expect(pulled(text).map(([name]) => name)).toEqual(['H264', 'PCMU']);
    expect(parseSessionDescription(text).tracks.filter((track) => !isReceived(track)).length).toBe(backchannel === '' ? 0 : 1);
  });
});
