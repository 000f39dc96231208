/** Video that viewers may be sent, where they take it: as in SDP rtpmap. */
export type VideoCodec = 'H264' | 'H265';

/** Sound that viewers may be sent, where they take it: as in SDP rtpmap, upper case; G.711 at 8000 Hz in mono. */
export type AudioCodec = 'OPUS' | 'PCMU' | 'PCMA';

/** What one viewer has accepted. */
export interface ViewerCodecs {
  readonly video: ReadonlySet<VideoCodec>;
  readonly audio: ReadonlySet<AudioCodec>;
}
