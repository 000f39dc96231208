import type { Clock } from '../../base/clock.ts';
import { GatewayError } from '../../base/errors.ts';
import { redactUrl, type Logger } from '../../base/log.ts';
import type { RtspTransport, TlsPolicy } from '../../base/rtsp-transport.ts';
import type { Credentials } from './auth.ts';
import { RtspClient } from './client.ts';
import type { RtspFormat, RtspTrack } from './sdp.ts';

/** ONVIF Streaming section 5.3.1. */
const BACKCHANNEL = 'www.onvif.org/ver20/backchannel';

export interface BackchannelOptions {
  /** Of the profile's stream, as for {@link RtspClient}. */
  url: string;
  credentials?: Credentials;
  transport?: RtspTransport;
  tls?: TlsPolicy;
  clock: Clock;
  logger: Logger;
  /** Which of the forms of sound that the camera takes is sent; undefined where none can be. Asked once, before the camera listens. */
  choose: (listed: readonly ListedSound[]) => ListedSound | undefined;
  /** It ended, and not by {@link Backchannel.close}; not before it was open. */
  onClose: (error: GatewayError) => void;
}

/** A form of sound that the camera takes, and how many milliseconds of it it wants in a packet, where it says that. */
export type ListedSound = RtspFormat & Pick<RtspTrack, 'packetMs'>;

/**
 * The way to a camera's loudspeaker: an RTSP session of its own with nothing but the backchannel (ONVIF Streaming section 5.3), so that
 * the session that brings the picture is not touched whatever the camera makes of it. For one use only.
 */
export class Backchannel {
  readonly #options: BackchannelOptions;
  readonly #client: RtspClient;
  #track: RtspTrack | undefined;

  constructor(options: BackchannelOptions) {
    this.#options = options;
    const { url, credentials, transport, tls, clock, logger, onClose } = options;
    this.#client = new RtspClient({
      url,
      ...(credentials === undefined ? {} : { credentials }),
      ...(transport === undefined ? {} : { transport }),
      ...(tls === undefined ? {} : { tls }),
      clock,
      logger,
      require: [BACKCHANNEL],
      backchannel: true,
      choose: (tracks) => this.#choose(tracks),
      onRtp: () => undefined,
      onClose,
    });
  }

  /**
   * Resolves once the camera listens.
   * @throws GatewayError `rtsp.no_backchannel` where the camera has none, `rtsp.backchannel_codec` where it takes no form that we have,
   * or as {@link RtspClient.start}.
   */
  async open(signal: AbortSignal): Promise<void> {
    const { tracks } = await this.#client.start(signal);
    this.#track = tracks[0];
  }

  /** False when the packet was dropped: the camera does not read. */
  send(packet: Buffer): boolean {
    return this.#track !== undefined && this.#client.sendRtp(this.#track, packet);
  }

  sendRtcp(compound: Buffer): void {
    if (this.#track !== undefined) this.#client.sendRtcp(this.#track, compound);
  }

  /** With TEARDOWN; takes a second at most. */
  close(): Promise<void> {
    return this.#client.close();
  }

  #choose(tracks: readonly RtspTrack[]): RtspTrack[] {
    const listed = tracks
      .filter(({ kind }) => kind === 'audio')
      .flatMap((track) => soundsOf(track).map((sound) => ({ track, sound })));
    if (listed.length === 0) throw noBackchannel(this.#options.url);
    const wanted = this.#options.choose(listed.map(({ sound }) => sound));
    const chosen = listed.find(({ sound }) => sound === wanted);
    if (chosen === undefined) {
      const names = [...new Set(listed.map(({ sound }) => sound.encodingName))].join(', ');
      throw new GatewayError('rtsp.backchannel_codec', `${redactUrl(this.#options.url)} takes speech only as ${names}.`, {
        advice: "Set the camera's audio decoder to G.711 (PCMU or PCMA), G.726 or AAC.",
      });
    }
    return [chosen.track];
  }
}

function soundsOf(track: RtspTrack): ListedSound[] {
  const { packetMs } = track;
  return (track.formats ?? [track]).map((format) => (packetMs === undefined ? { ...format } : { ...format, packetMs }));
}

function noBackchannel(url: string): GatewayError {
  return new GatewayError('rtsp.no_backchannel', `${redactUrl(url)} has no backchannel, so that nobody can talk to the camera.`, {
    advice: 'Switch the audio output of the camera on, or set talk: off for it in the config.',
  });
}
