import type { RtspFaults } from './faults.ts';
import type { Talkback } from './talkback.ts';
import type { MediaTrack, VideoTrack } from './tracks.ts';

/** The tracks of one profile, as DESCRIBE lists them. */
export interface ProfileTracks {
  video: VideoTrack;
  sound: MediaTrack;
  metadata: MediaTrack;
}

/** Control attributes of the tracks; SETUP finds a track by them. */
export const CONTROLS = { video: 'trackID=0', sound: 'trackID=1', metadata: 'trackID=2', talkback: 'trackID=3' } as const;

/**
 * The session description of a profile (RFC 8866). The backchannel is listed only for those who ask for it (ONVIF Streaming
 * Specification section 5.3), and then each track says who sends.
 */
export function sessionDescription(
  tracks: ProfileTracks,
  host: string,
  talkback: Readonly<Pick<Talkback, 'forms' | 'packetMs'>> | undefined,
  fault: RtspFaults['description'],
): string {
  const { video, sound, metadata } = tracks;
  const control = (name: string): string => `a=control:${fault === 'wrong-control' ? 'nowhere' : name}`;
  const recvonly = talkback === undefined ? [] : ['a=recvonly'];
  const lines = [
    'v=0',
    `o=- ${video.rtp.ssrc} 1 IN ${host.includes(':') ? 'IP6' : 'IP4'} ${host}`,
    `s=Simulated camera, ${video.profile.name}`,
    'c=IN IP4 0.0.0.0',
    't=0 0',
    'a=control:*',
    'a=range:npt=now-',
    `m=video 0 RTP/AVP ${video.rtp.payloadType}`,
    `b=AS:${video.profile.bitrateKbps}`,
    ...videoFormat(video, fault),
    `a=framerate:${video.profile.framesPerSecond}`,
    control(CONTROLS.video),
    ...recvonly,
    `m=audio 0 RTP/AVP ${sound.rtp.payloadType}`,
    `a=rtpmap:${sound.rtp.payloadType} PCMU/8000`,
    control(CONTROLS.sound),
    ...recvonly,
  ];
  if (fault !== 'no-metadata') {
    const { payloadType } = metadata.rtp;
    lines.push(`m=application 0 RTP/AVP ${payloadType}`, `a=rtpmap:${payloadType} vnd.onvif.metadata/90000`);
    lines.push(control(CONTROLS.metadata), ...recvonly);
  }
  if (talkback !== undefined && fault !== 'no-talkback') {
    const { forms, packetMs } = talkback;
    lines.push(`m=audio 0 RTP/AVP ${forms.map(({ payloadType }) => payloadType).join(' ')}`);
    for (const { payloadType, rtpmap, fmtp } of forms) {
      lines.push(`a=rtpmap:${payloadType} ${rtpmap}`);
      if (fmtp !== undefined) lines.push(`a=fmtp:${payloadType} ${fmtp}`);
    }
    if (packetMs !== undefined) lines.push(`a=ptime:${packetMs}`);
    lines.push(control(CONTROLS.talkback), 'a=sendonly');
  }
  return `${lines.join('\r\n')}\r\n`;
}

function videoFormat(video: VideoTrack, fault: RtspFaults['description']): string[] {
  const { payloadType } = video.rtp;
  if (fault === 'av1' || fault === 'h265') return [`a=rtpmap:${payloadType} ${fault.toUpperCase()}/90000`];
  const rtpmap = `a=rtpmap:${payloadType} H264/90000`;
  if (fault === 'missing-fmtp') return [rtpmap];
  const { sps, pps } = video.clip;
  // profile_idc, constraint flags and level_idc are the three bytes behind the SPS's header (RFC 6184 section 8.1).
  const profileLevelId = sps.subarray(1, 4).toString('hex');
  const sets = `${sps.toString('base64')},${pps.toString('base64')}`;
  return [rtpmap, `a=fmtp:${payloadType} packetization-mode=1;profile-level-id=${profileLevelId};sprop-parameter-sets=${sets}`];
}
