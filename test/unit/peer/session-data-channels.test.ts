import { randomBytes } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it, vi } from 'vitest';
import { METADATA, openSession, sendDocument, watch } from './session-fixture.ts';
import { WAIT } from './webrtc/loopback-viewer.ts';

describe('metadata of a session', () => {
  it('goes over the channel that the viewer opened, where both sides listed it', async () => {
    const opened = openSession();
    const { viewer, session, offers, stream } = await watch(opened, [METADATA]);
    expect(offers[0]?.subprotocols).toEqual([METADATA]);
    const channel = await viewer.openChannel(METADATA);
    const messages: Buffer[] = [];
    channel.onMessage.subscribe((message) => messages.push(Buffer.from(message)));
    const document = '<tt:MetadataStream xmlns:tt="http://www.onvif.org/ver10/schema"/>';
    await vi.waitFor(() => {
      sendDocument(stream, document);
      expect(messages.length).toBeGreaterThan(0);
    }, WAIT);
    expect(messages[0]?.subarray(0, 2)).toEqual(gzipSync('').subarray(0, 2));
    expect(session.stats().metadataDocuments).toBeGreaterThan(0);
  });

  it('comes whole where a document is larger than the channel holds at a time, in messages of the size that the viewer takes', async () => {
    const opened = openSession();
    const { viewer, session, stream } = await watch(opened, [METADATA], (answer) => takes(answer, 5000));
    const channel = await viewer.openChannel(METADATA);
    const messages: Buffer[] = [];
    channel.onMessage.subscribe((message) => messages.push(Buffer.from(message)));
    const document = `<a>${randomBytes(200_000).toString('base64')}</a>`;
    sendDocument(stream, document);
    await vi.waitFor(() => expect(session.stats().metadataDocuments).toBe(1), WAIT);
    await vi.waitFor(() => expect(gunzipSync(Buffer.concat(messages)).toString()).toBe(document), WAIT);
    expect(Math.max(...messages.map(({ length }) => length))).toBe(5000);
  });

  it('is not sent to a viewer that takes next to nothing at a time: its channel is closed', async () => {
    const opened = openSession();
    const { viewer } = await watch(opened, [METADATA], (answer) => takes(answer, 100));
    const channel = viewer.connection.createDataChannel('', { protocol: METADATA });
    await vi.waitFor(() => expect(channel.readyState).toBe('closed'), WAIT);
  });

  it('takes documents that are not of the stream, from the moment that the channel is open until it is closed, which is told', async () => {
    const opened = openSession();
    const { viewer, session } = await watch(opened, [METADATA]);
    expect(opened.metadataOpened()).toBe(0);
    const channel = await viewer.openChannel(METADATA);
    const messages: Buffer[] = [];
    channel.onMessage.subscribe((message) => messages.push(Buffer.from(message)));
    await vi.waitFor(() => expect(opened.metadataOpened()).toBe(1), WAIT);
    const document = gzipSync('<tt:MetadataStream/>');
    session.sendMetadata(document);
    await vi.waitFor(() => expect(messages).toEqual([document]), WAIT);
    expect(session.takesMetadata).toBe(true);
    channel.close();
    await vi.waitFor(() => expect(opened.metadataOpened()).toBeGreaterThan(1), WAIT);
    expect(session.takesMetadata).toBe(false);
    session.close({ code: 'test.over', message: 'The test is over.' });
    session.sendMetadata(document);
    expect(session.stats()).toMatchObject({ metadataDocuments: 1, metadataDropped: 0 });
  });

  it.each([
    ['that the viewer did not list in its answer', METADATA, []],
    ['of another protocol, whatever the viewer lists', 'chat', [METADATA, 'chat']],
    ['of a protocol that only looks like ours', 'vnd.onvif.metadata', [METADATA]],
    ['of no protocol', '', [METADATA, '']],
  ])('is not sent over a channel %s: it is closed', async (_, protocol, subprotocols) => {
    const opened = openSession();
    const { viewer } = await watch(opened, subprotocols);
    const channel = viewer.connection.createDataChannel('', { protocol });
    await vi.waitFor(() => expect(channel.readyState).toBe('closed'), WAIT);
  });

  it('goes over the newest of several channels opened at once that are of a listed protocol; all others are closed', async () => {
    const opened = openSession();
    const { viewer, stream } = await watch(opened, [METADATA]);
    const [older, other, newer] = [METADATA, 'chat', METADATA].map((protocol) =>
      viewer.connection.createDataChannel('', { protocol }),
    );
    const states = (): unknown[] => [older?.readyState, other?.readyState, newer?.readyState];
    await vi.waitFor(() => expect(states()).toEqual(['closed', 'closed', 'open']), WAIT);
    const messages: unknown[] = [];
    newer?.onMessage.subscribe((message) => messages.push(message));
    await vi.waitFor(() => {
      sendDocument(stream, '<a/>');
      expect(messages.length).toBeGreaterThan(0);
    }, WAIT);
  });

  it('is not offered, and its channel closed, where the profile has none', async () => {
    const opened = openSession({ metadata: false });
    const { viewer, offers } = await watch(opened, [METADATA]);
    expect(offers[0]?.subprotocols).toEqual([]);
    const channel = viewer.connection.createDataChannel('', { protocol: METADATA });
    await vi.waitFor(() => expect(channel.readyState).toBe('closed'), WAIT);
  });
});

/** The answer of a viewer that takes messages of so many bytes at most (RFC 8841). */
function takes(answer: string, size: number): string {
  return answer.replace(/^a=max-message-size:\d+/m, `a=max-message-size:${size}`);
}
