import { gunzipSync } from 'node:zlib';
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

  it('lets the oldest go when documents come faster than they are compressed', async () => {
    const documents: string[] = [];
    const track = new MetadataTrack(TRACK, 0, (gzipped) => documents.push(gunzipSync(gzipped).toString()));
    for (let index = 0; index < 40; index += 1) track.receive(document(index, `<d n="${index}"/>`), index, true);
    await vi.waitFor(() => {
      expect(documents.length + track.dropped).toBe(40);
    });
    expect(track.dropped).toBeGreaterThan(0);
    expect(documents.at(-1)).toBe('<d n="39"/>');
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
});
