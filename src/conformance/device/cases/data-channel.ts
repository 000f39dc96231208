import { gunzipSync, constants } from 'node:zlib';
import { Failure, NotApplicable } from '../../case.ts';
import { expectThat } from '../../check.ts';
import { type DeviceCase, type DeviceContext, requires } from '../context.ts';
import type { MediaChannel, MediaPeer } from '../media-peer.ts';

const METADATA = 'vnd.onvif.metadata+gzip';
const UNKNOWN = 'conformance-kit-unknown';
/** Expanded, and compressed. */
const MAX_DOCUMENT_BYTES = 8 * 1024 * 1024;

export const DATA_CHANNEL_CASES: DeviceCase[] = [
  {
    id: 'channel-served',
    clause: '6.7.1',
    level: 'shall',
    title: 'A data channel with a subprotocol that both sides listed is served',
    async run(context) {
      const { media, subprotocols } = await live(context);
      const channel = open(media, subprotocols[0] ?? '');
      await whenOpen(context, channel);
      await context.pause(context.timing.settleMs);
      expectThat(channel.readyState === 'open', 'the channel to stay open', `it is ${channel.readyState}`);
    },
  },
  {
    id: 'channel-unknown-closed',
    clause: '6.7.1',
    level: 'shall',
    title: 'A data channel with a subprotocol that nobody listed is closed',
    async run(context) {
      const { media } = await live(context);
      await expectClosed(context, open(media, UNKNOWN));
    },
  },
  {
    id: 'channel-unanswered-closed',
    clause: '6.7.1',
    level: 'shall',
    title: 'A data channel with a subprotocol that the device listed and the client did not is closed',
    async run(context) {
      const { media, subprotocols } = await live(context, []);
      await expectClosed(context, open(media, subprotocols[0] ?? ''));
    },
  },
  {
    id: 'metadata-gzip',
    clause: '6.7.2',
    level: 'shall',
    title: 'Metadata come in binary messages; a document begins with a GZIP header (RFC 1952) and expands to XML',
    async run(context) {
      const { media, subprotocols } = await live(context);
      requires(subprotocols.includes(METADATA), `the device does not list ${METADATA}`);
      const messages: unknown[] = [];
      const channel = open(media, METADATA);
      channel.addEventListener('message', ({ data }) => messages.push(data));
      await whenOpen(context, channel);
      const { mediaMs } = context.timing;
      const until = performance.now() + mediaMs;
      while (documentOf(messages) === undefined) {
        if (performance.now() > until) {
          if (messages.length === 0) throw new NotApplicable(`no metadata came within ${mediaMs / 1000} s`);
          throw new Failure('messages that together are a GZIP member', `${messages.length} messages that cannot be expanded`);
        }
        await context.pause(POLL_MS);
      }
      const xml = documentOf(messages) ?? '';
      expectThat(/^\uFEFF?\s*<[\s\S]*>\s*$/.test(xml), 'an XML document', xml.slice(0, 200));
    },
  },
];

const POLL_MS = 20;

/** A session whose connection stands; `accepted` is what the kit lists in its answer, default all that the device does. */
async function live(context: DeviceContext, accepted?: string[]): Promise<{ media: MediaPeer; subprotocols: string[] }> {
  const { session, invite } = await context.open();
  requires(invite.subprotocols.length > 0, 'the device lists no data channel subprotocols');
  const media = await session.goLive(invite, accepted === undefined ? {} : { subprotocols: accepted });
  return { media, subprotocols: invite.subprotocols };
}

function open(media: MediaPeer, protocol: string): MediaChannel {
  return media.createDataChannel('conformance', { ordered: true, protocol });
}

async function whenOpen(context: DeviceContext, channel: MediaChannel): Promise<void> {
  await context.poll(
    'the data channel to be open',
    () => channel.readyState === 'open',
    context.timing.mediaMs,
    () => `it is ${channel.readyState}`,
  );
}

async function expectClosed(context: DeviceContext, channel: MediaChannel): Promise<void> {
  const isClosed = (): boolean => channel.readyState === 'closing' || channel.readyState === 'closed';
  await context.poll(
    'the device to close the data channel',
    isClosed,
    context.timing.answerMs,
    () => `it is ${channel.readyState}`,
  );
}

/** The first document of the messages so far; undefined while it is not complete. */
function documentOf(messages: readonly unknown[]): string | undefined {
  const parts = messages.map((message) => bytesOf(message));
  const [first] = parts;
  if (first === undefined) return undefined;
  expectThat(
    first[0] === 0x1f && first[1] === 0x8b,
    'the first message to begin with a GZIP header (1f 8b)',
    first.subarray(0, 16).toString('hex'),
  );
  const next = parts.findIndex((part, index) => index > 0 && part[0] === 0x1f && part[1] === 0x8b);
  const member = Buffer.concat(next < 0 ? parts : parts.slice(0, next));
  if (member.length > MAX_DOCUMENT_BYTES) throw new Failure(`a document of at most ${MAX_DOCUMENT_BYTES} bytes`, 'a longer one');
  try {
    return gunzipSync(member, { maxOutputLength: MAX_DOCUMENT_BYTES, finishFlush: constants.Z_FINISH }).toString('utf8');
  } catch (error) {
    if (next >= 0) throw new Failure('a GZIP member before the next one begins', (error as Error).message);
    return undefined;
  }
}

function bytesOf(message: unknown): Buffer {
  if (message instanceof ArrayBuffer) return Buffer.from(message);
  if (ArrayBuffer.isView(message)) return Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  throw new Failure('binary messages', `a text: ${String(message).slice(0, 100)}`);
}
