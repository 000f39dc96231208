import type { PeerDataChannel } from './webrtc/device-peer.ts';

/** Bytes and messages that may wait in the channel: beyond them werift slows down out of proportion. */
const MAX_BUFFERED = 64 * 1024;
const MAX_MESSAGES = 64;
/** Largest message; a larger one gains nothing and holds up the channel. */
const MAX_MESSAGE = 16 * 1024;
/** A viewer that takes less at a time gets no metadata: a document would become more messages than the channel carries. */
const MIN_MESSAGE = 256;
/** Documents that may wait for the channel, and their bytes; the oldest give way, the newest has a place whatever its size. */
const MAX_WAITING = 128;
const MAX_WAITING_BYTES = 2 * 1024 * 1024;

/**
 * Sends metadata documents to one viewer over the channel that it opened, each whole or not at all. What the viewer's path does not take at once
 * waits; a viewer that stays slower than its camera misses the oldest.
 */
export class MetadataChannel {
  readonly #onClosed: () => void;
  #maxMessage = 0;
  #channel: PeerDataChannel | undefined;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  /** What is still to be sent of the document that was begun. */
  #rest: Buffer | undefined;
  #documents = 0;
  #dropped = 0;

  /** @param onClosed the channel that is used was closed; one that another took the place of is not told of */
  constructor(onClosed: () => void) {
    this.#onClosed = onClosed;
  }

  /** Documents sent to their end. */
  get documents(): number {
    return this.#documents;
  }

  /** Documents not sent since the viewer was slower than the camera, or closed its channel. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Bytes that wait for the channel, without those that wait in it. */
  get waitingBytes(): number {
    return this.#waitingBytes + (this.#rest?.length ?? 0);
  }

  get open(): boolean {
    return this.#channel?.open === true;
  }

  /**
   * The newest channel is used; one before it is closed.
   *
   * @param maxMessageSize largest message that the viewer takes, bytes; where that is too little for documents the channel is closed
   */
  attach(channel: PeerDataChannel, maxMessageSize: number): void {
    if (maxMessageSize < MIN_MESSAGE) {
      channel.close();
      return;
    }
    const former = this.#channel;
    this.#discard();
    this.#channel = channel;
    this.#maxMessage = Math.min(maxMessageSize, MAX_MESSAGE);
    former?.close();
    channel.onDrained(this.#maxBuffered / 2, () => this.#onDrained(channel));
  }

  /** @param gzipped one document, a gzip member */
  send(gzipped: Buffer): void {
    if (!this.open) {
      this.#dropped += 1;
      return;
    }
    this.#waiting.push(gzipped);
    this.#waitingBytes += gzipped.length;
    this.#fill();
    while (this.#waiting.length > MAX_WAITING || (this.#waitingBytes > MAX_WAITING_BYTES && this.#waiting.length > 1)) {
      this.#nextWaiting();
      this.#dropped += 1;
    }
  }

  get #maxBuffered(): number {
    return Math.min(MAX_BUFFERED, MAX_MESSAGES * this.#maxMessage);
  }

  /** For one message more. */
  get #hasRoom(): boolean {
    const channel = this.#channel;
    return channel?.open === true && channel.bufferedAmount + this.#maxMessage <= this.#maxBuffered;
  }

  #onDrained(channel: PeerDataChannel): void {
    if (channel !== this.#channel) return;
    if (channel.open) {
      this.#fill();
      return;
    }
    this.#channel = undefined;
    this.#discard();
    this.#onClosed();
  }

  /** Gives the channel as much as it may hold. */
  #fill(): void {
    while (this.#hasRoom) {
      this.#rest ??= this.#nextWaiting();
      if (this.#rest === undefined) return;
      const message = firstFragment(this.#rest, this.#maxMessage);
      const isLast = message.length === this.#rest.length;
      this.#rest = isLast ? undefined : this.#rest.subarray(message.length);
      this.#channel?.send(message);
      if (isLast) this.#documents += 1;
    }
  }

  #nextWaiting(): Buffer | undefined {
    const next = this.#waiting.shift();
    this.#waitingBytes -= next?.length ?? 0;
    return next;
  }

  /** What was meant for a channel that is gone. */
  #discard(): void {
    this.#dropped += this.#waiting.length + (this.#rest === undefined ? 0 : 1);
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#rest = undefined;
  }
}

/**
 * The next message of a document. A viewer tells the beginning of a document by the gzip header, so no later message may begin with the
 * bytes 1f 8b: such a cut is moved one byte ahead.
 *
 * @param rest of the document, not empty
 * @param maxMessage at least 3
 */
export function firstFragment(rest: Buffer, maxMessage: number): Buffer {
  const isAmiss = rest[maxMessage] === 0x1f && rest[maxMessage + 1] === 0x8b;
  return rest.subarray(0, isAmiss ? maxMessage - 1 : maxMessage);
}
