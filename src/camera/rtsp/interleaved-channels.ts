import type { RtspTrack } from './sdp.ts';
import type { PortPair, TransportAnswer } from './transport-header.ts';

/** Which track's packets are on which channel of the RTSP connection (RFC 2326 section 10.12). */
export class InterleavedChannels {
  readonly #channels = new Map<number, { track: RtspTrack; isRtcp: boolean }>();

  /** Channels to ask for: the lowest pair that is free. */
  next(): PortPair {
    let rtp = 0;
    while (this.#channels.has(rtp) || this.#channels.has(rtp + 1)) rtp += 2;
    return { rtp, rtcp: rtp + 1 };
  }

  /**
   * The channels that the camera answers count, not those asked for: some cameras have their own, odd ones too, or name none
   * (gortsplib#72, #142, mediamtx#1762). A camera that answers the same for all its tracks sends on those asked for.
   */
  assign(track: RtspTrack, asked: PortPair, answered: TransportAnswer['channels']): void {
    const isFree = answered !== undefined && !this.#channels.has(answered.rtp) && !this.#channels.has(answered.rtcp);
    const { rtp, rtcp } = isFree ? answered : asked;
    this.#channels.set(rtp, { track, isRtcp: false });
    this.#channels.set(rtcp, { track, isRtcp: true });
  }

  get(channel: number): { track: RtspTrack; isRtcp: boolean } | undefined {
    return this.#channels.get(channel);
  }

  /** The channel of a track's RTP; undefined when the track is not interleaved. */
  rtpOf(track: RtspTrack): number | undefined {
    return this.#channelOf(track, false);
  }

  /** The same of its RTCP. */
  rtcpOf(track: RtspTrack): number | undefined {
    return this.#channelOf(track, true);
  }

  #channelOf(track: RtspTrack, isRtcp: boolean): number | undefined {
    for (const [channel, each] of this.#channels) if (each.track === track && each.isRtcp === isRtcp) return channel;
    return undefined;
  }
}
