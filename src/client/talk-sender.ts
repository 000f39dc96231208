import { SignalingCode, SignalingError } from '../base/signaling.ts';
import type { PeerConnection, Track, TrackSender } from './peer-connection.ts';

/** The way from a microphone to the camera: the sound section of the offer, where it says that the camera takes sound. */
export class TalkSender {
  #sender: TrackSender | undefined;

  /** The camera takes what is said. */
  get isOffered(): boolean {
    return this.#sender !== undefined;
  }

  /** Accepts an offer's wish for sound; to be called once it is applied, before it is answered. */
  accept(connection: PeerConnection, offer: string): void {
    this.#sender = undefined;
    const section = offer.split(/^(?=m=)/m).find((each) => each.startsWith('m=audio '));
    const [, mid] = /^a=mid:(\S+)/m.exec(section ?? '') ?? [];
    const [, direction] = /^a=(sendrecv|recvonly|sendonly|inactive)\s*$/m.exec(section ?? '') ?? [];
    if (mid === undefined || direction === 'sendonly' || direction === 'inactive') return;
    const transceiver = connection.getTransceivers?.().find((each) => each.mid === mid);
    if (transceiver === undefined) return;
    transceiver.direction = direction === 'recvonly' ? 'sendonly' : 'sendrecv';
    this.#sender = transceiver.sender;
  }

  /** Sends the track in place of what was sent; null: nothing. */
  async send(track: Track | null): Promise<void> {
    if (this.#sender === undefined) throw new SignalingError(SignalingCode.talkFailed);
    await this.#sender.replaceTrack(track);
  }
}
