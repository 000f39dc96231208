import type { RTCDataChannel } from 'werift';
import type { PeerDataChannel } from './device-peer.ts';

/** A data channel of werift's. */
export class WeriftDataChannel implements PeerDataChannel {
  readonly #channel: RTCDataChannel;

  constructor(channel: RTCDataChannel) {
    this.#channel = channel;
  }

  get protocol(): string {
    return this.#channel.protocol;
  }

  get open(): boolean {
    return this.#channel.readyState === 'open';
  }

  get bufferedAmount(): number {
    return this.#channel.bufferedAmount;
  }

  send(message: Buffer): void {
    this.#channel.send(message);
  }

  onDrained(bytes: number, listener: () => void): void {
    this.#channel.bufferedAmountLowThreshold = bytes;
    this.#channel.bufferedAmountLow.subscribe(listener);
    this.#channel.stateChanged.subscribe(listener);
  }

  close(): void {
    this.#channel.close();
  }
}
