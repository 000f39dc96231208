import type { PeerDataChannel } from './webrtc/device-peer.ts';

/** Bytes that may wait in the channel before documents are dropped: beyond this werift slows down out of proportion. */
const MAX_BUFFERED = 64 * 1024;
/** Largest message; a larger one gains nothing and holds up the channel. */
const MAX_MESSAGE = 16 * 1024;

/** A viewer that takes less at a time gets no metadata: a document would become more messages than the channel carries. */
const MIN_MESSAGE = 256;

/** Sends metadata documents to one viewer over the channel that it opened, whole or not at all. */
export class MetadataChannel {
  readonly #maxMessage: number;
  #channel: PeerDataChannel | undefined;
  #documents = 0;
  #dropped = 0;

  /** @param maxMessageSize largest message that the viewer takes, bytes */
  constructor(maxMessageSize: number) {
    this.#maxMessage = Math.min(maxMessageSize, MAX_MESSAGE);
  }

  get documents(): number {
    return this.#documents;
  }

  /** Documents not sent since the viewer was slower than the camera. */
  get dropped(): number {
    return this.#dropped;
  }

  get open(): boolean {
    return this.#channel?.open === true;
  }

  /** The newest channel is used; one before it is closed. */
  attach(channel: PeerDataChannel): void {
    this.#channel?.close();
    this.#channel = channel;
  }

  /** @param gzipped one XML document, a gzip member */
  send(gzipped: Buffer): void {
    const channel = this.#channel;
    if (this.#maxMessage < MIN_MESSAGE || channel === undefined || !channel.open || channel.bufferedAmount > MAX_BUFFERED) {
      this.#dropped += 1;
      return;
    }
    for (const message of fragmentDocument(gzipped, this.#maxMessage)) channel.send(message);
    this.#documents += 1;
  }
}

/**
 * The messages of one document. A viewer tells the beginning of a document by the gzip header, so no later message may begin with the
 * bytes 1f 8b: such a cut is moved one byte ahead.
 *
 * @param maxMessage at least 3
 */
export function fragmentDocument(gzipped: Buffer, maxMessage: number): Buffer[] {
  const messages: Buffer[] = [];
  let start = 0;
  while (start < gzipped.length) {
    let end = Math.min(start + maxMessage, gzipped.length);
    if (gzipped[end] === 0x1f && gzipped[end + 1] === 0x8b) end -= 1;
    messages.push(gzipped.subarray(start, end));
    start = end;
  }
  return messages;
}
