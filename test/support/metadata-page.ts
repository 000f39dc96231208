import type { Page } from 'playwright-core';

/** One document as it came over a data channel, put together by the page itself: nothing of the client library is in the way. */
export interface ReceivedDocument {
  /** Whose document it is, and which. */
  seed: string;
  number: number;
  /** Of the bytes that gunzip gave, SHA-256, hexadecimal. */
  digest: string;
  /** Compressed. */
  bytes: number;
  messages: number;
  largestMessage: number;
}

interface CollectingWindow extends Window {
  received: ReceivedDocument[];
  unreadable: string[];
}

/**
 * Makes the page collect the documents of all its data channels. To be called before it is opened.
 *
 * @param maxMessageSize what its answers say that it takes; default as Chromium has it
 */
export async function collectDocuments(page: Page, maxMessageSize?: number): Promise<void> {
  await page.addInitScript(collect, maxMessageSize);
}

export async function receivedDocuments(page: Page): Promise<ReceivedDocument[]> {
  return await page.evaluate(() => (window as unknown as CollectingWindow).received);
}

/** What could not be put together or expanded, each with why. */
export async function unreadableDocuments(page: Page): Promise<string[]> {
  return await page.evaluate(() => (window as unknown as CollectingWindow).unreadable);
}

/** Runs in the page, so it uses nothing from outside. */
function collect(maxMessageSize: number | undefined): void {
  const collecting = window as unknown as CollectingWindow;
  collecting.received = [];
  collecting.unreadable = [];

  async function read(messages: Uint8Array<ArrayBuffer>[]): Promise<void> {
    const xml = await new Response(new Blob(messages).stream().pipeThrough(new DecompressionStream('gzip'))).arrayBuffer();
    const [, seed = '', number = ''] = /<!--(\S+) (\d+) Tür-->/.exec(new TextDecoder().decode(xml.slice(0, 300))) ?? [];
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', xml));
    collecting.received.push({
      seed,
      number: Number(number),
      digest: Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join(''),
      bytes: messages.reduce((sum, message) => sum + message.length, 0),
      messages: messages.length,
      largestMessage: Math.max(...messages.map((message) => message.length)),
    });
  }

  function listen(channel: RTCDataChannel): void {
    let messages: Uint8Array<ArrayBuffer>[] = [];
    let work = Promise.resolve();
    channel.addEventListener('message', ({ data }) => {
      const message = new Uint8Array(data as ArrayBuffer);
      // Only the header of the next says that a document is over (ONVIF WebRTC section 6.7.2).
      if (message[0] === 0x1f && message[1] === 0x8b && messages.length > 0) {
        const document = messages;
        messages = [];
        work = work.then(() => read(document)).catch((error: unknown) => void collecting.unreadable.push(String(error)));
      }
      messages.push(message);
    });
  }

  window.RTCPeerConnection = class extends RTCPeerConnection {
    override createDataChannel(label: string, options?: RTCDataChannelInit): RTCDataChannel {
      const channel = super.createDataChannel(label, options);
      listen(channel);
      return channel;
    }

    override get localDescription(): RTCSessionDescription | null {
      const description = super.localDescription;
      if (description === null || maxMessageSize === undefined) return description;
      // The section of the data channels is the last.
      const others = description.sdp.replace(/^a=max-message-size:.*\r\n/m, '');
      return new RTCSessionDescription({ type: description.type, sdp: `${others}a=max-message-size:${maxMessageSize}\r\n` });
    }
  };
}
