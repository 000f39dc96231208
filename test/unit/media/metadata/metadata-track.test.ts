import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it, vi } from 'vitest';
import { MetadataTrack } from '../../../../src/media/metadata/metadata-track.ts';
import { rtpBytes } from '../rtp-bytes.ts';

const TRACK = {
  kind: 'application' as const,
  encodingName: 'vnd.onvif.metadata',
  payloadType: 107,
  clockRate: 90_000,
  fmtp: new Map<string, string>(),
};

function document(sequenceNumber: number, text: string): Buffer {
  return rtpBytes({
    payload: Buffer.from(text),
    payloadType: 107,
    marker: true,
    sequenceNumber,
    timestamp: sequenceNumber * 3000,
  });
}

let sequence = 0;

/** One document in as many packets as it takes. */
function packetsOf(timestamp: number, text: string): Buffer[] {
  const parts = text.match(/.{1,50000}/gs) ?? [];
  return parts.map((part, index) =>
    rtpBytes({
      payload: Buffer.from(part),
      payloadType: 107,
      marker: index === parts.length - 1,
      sequenceNumber: (sequence += 1),
      timestamp,
    }),
  );
}

describe('metadata track', () => {
  it('hands on each document, compressed on its own, in order', async () => {
    const documents: string[] = [];
    const track = new MetadataTrack(TRACK, 0, (gzipped) => documents.push(gunzipSync(gzipped).toString()));
    const texts = ['<a/>', `<b>${'x'.repeat(50_000)}</b>`, '<c/>', '<d/>'];
    for (const [index, text] of texts.entries()) track.receive(document(index, text), index, true);
    await vi.waitFor(() => {
      expect(documents).toHaveLength(4);
    });
    expect(documents).toEqual(texts);
    expect([track.documents, track.dropped]).toEqual([4, 0]);
  });

  it('hands a small one on before it takes anything else: boxes are not to wait for another thread', () => {
    const documents: string[] = [];
    const track = new MetadataTrack(TRACK, 0, (gzipped) => documents.push(gunzipSync(gzipped).toString()));
    track.receive(document(0, '<a/>'), 0, true);
    expect(documents).toEqual(['<a/>']);
  });

  it('follows documents that nobody wants without compressing them', async () => {
    const documents: string[] = [];
    const track = new MetadataTrack(TRACK, 0, (gzipped) => documents.push(gunzipSync(gzipped).toString()));
    track.receive(document(0, '<a/>'), 0, false);
    track.receive(document(1, '<b/>'), 1, true);
    await vi.waitFor(() => {
      expect(documents).toEqual(['<b/>']);
    });
    expect(track.documents).toBe(2);
  });

  it.each([
    ['more of them', 200, 20_000, 60],
    ['more bytes', 20, 400_000, 8],
  ])('lets the oldest go when %s come than may wait to be compressed', async (_, count, length, least) => {
    const documents: string[] = [];
    const track = new MetadataTrack(TRACK, 0, (gzipped) => documents.push(gunzipSync(gzipped).toString().slice(0, 11)));
    for (let index = 0; index < count; index += 1) {
      const text = `<d n="${String(index).padStart(3)}">${'x'.repeat(length)}</d>`;
      for (const packet of packetsOf(index, text)) track.receive(packet, index, true);
    }
    const dropped = track.dropped;
    expect(dropped).toBeGreaterThan(least);
    await vi.waitFor(() => {
      expect(documents.length).toBe(count - dropped);
    });
    // The first was begun at once.
    const kept = [0, ...Array.from({ length: count - dropped - 1 }, (_value, index) => 1 + dropped + index)];
    expect(documents).toEqual(kept.map((index) => `<d n="${String(index).padStart(3)}">`));
  });

  it('gives the first document of a new connection, and not one that the connection before left unfinished', async () => {
    const documents: string[] = [];
    const track = new MetadataTrack(TRACK, 0, (gzipped) => documents.push(gunzipSync(gzipped).toString()));
    track.receive(rtpBytes({ payload: Buffer.from('<a>'), payloadType: 107, timestamp: 7 }), 0, true);
    track.reconnect(TRACK);
    track.receive(
      rtpBytes({ payload: Buffer.from('<b/>'), payloadType: 107, timestamp: 7, sequenceNumber: 900, marker: true }),
      10,
      true,
    );
    await vi.waitFor(() => {
      expect(documents).toEqual(['<b/>']);
    });
  });

  it('hands on what the camera compressed as it came, and counts what cannot be expanded', async () => {
    const documents: Buffer[] = [];
    const compressed = { ...TRACK, encodingName: 'VND.ONVIF.METADATA+GZIP' };
    const track = new MetadataTrack(compressed, 0, (gzipped) => documents.push(gzipped));
    const good = gzipSync('<a/>', { level: 9 });
    const damaged = Buffer.from(good).fill(0, 12, 14);
    const send = (sequenceNumber: number, payload: Buffer): void =>
      track.receive(rtpBytes({ payload, payloadType: 107, marker: true, sequenceNumber, timestamp: 0 }), 0, true);
    for (const [index, payload] of [good, damaged, good].entries()) send(index, payload);
    await vi.waitFor(() => {
      expect([documents, track.dropped]).toEqual([[good, good], 1]);
    });
  });

  it('follows a camera that was set to compress, or not to, between two connections', async () => {
    const documents: string[] = [];
    const track = new MetadataTrack(TRACK, 0, (gzipped) => documents.push(gunzipSync(gzipped).toString()));
    track.receive(document(0, '<a/>'), 0, true);
    track.reconnect({ ...TRACK, encodingName: 'vnd.onvif.metadata+gzip' });
    track.receive(rtpBytes({ payload: gzipSync('<b/>'), payloadType: 107, marker: true, sequenceNumber: 7 }), 1, true);
    await vi.waitFor(() => {
      expect([documents, track.dropped]).toEqual([['<a/>', '<b/>'], 0]);
    });
  });
});
