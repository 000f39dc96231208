import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DocumentForm } from '../../../../src/media/metadata/document-form.ts';
import { MetadataDepacketizer } from '../../../../src/media/metadata/depacketizer.ts';
import { anyBytes } from '../rtp-bytes.ts';

interface Packet {
  text: string | Buffer;
  timestamp?: number;
  marker?: boolean;
  gap?: boolean;
  restart?: boolean;
}

const NAMESPACE = 'xmlns:tt="http://www.onvif.org/ver10/schema"';
const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';

/** A document as cameras write it. */
function stream(content: string): string {
  return `${DECLARATION}<tt:MetadataStream ${NAMESPACE}>${content}</tt:MetadataStream>`;
}

function cut(document: string | Buffer, size: number): Buffer[] {
  const bytes = Buffer.from(document as string);
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => bytes.subarray(index * size, (index + 1) * size));
}

/** The packets of one document, marked as the specification has it. */
function packets(document: string | Buffer, size = 100): Packet[] {
  const parts = cut(document, size);
  return parts.map((text, index) => ({ text, marker: index === parts.length - 1 }));
}

class Camera {
  readonly depacketizer: MetadataDepacketizer;

  constructor(form: DocumentForm = 'xml') {
    this.depacketizer = new MetadataDepacketizer(form);
  }

  get dropped(): number {
    return this.depacketizer.dropped;
  }

  /** The documents that each packet completes. */
  send(all: Packet[]): Buffer[][] {
    return all.map(({ text, timestamp = 1, marker = false, gap = false, restart = false }, sequenceNumber) => {
      const payload = Buffer.from(text as string);
      const packet = { payloadType: 107, marker, sequenceNumber, timestamp, ssrc: 1, payload };
      return this.depacketizer.push({ packet, timestamp, reception: { gap, restart } });
    });
  }

  documents(all: Packet[]): string[] {
    return this.send(all).flatMap((completed) => completed.map((document) => document.toString()));
  }
}

describe('metadata depacketizer', () => {
  it('puts a document together from its packets; the marker ends it', () => {
    const [first, second] = [stream('x'.repeat(500)), stream('<tt:PTZ/>')];
    const camera = new Camera();
    const completed = camera.send([...packets(first), ...packets(second, 5000)]).map((each) => each.map(String));
    expect(completed.at(-1)).toEqual([second]);
    expect(completed.at(-2)).toEqual([first]);
    expect(completed.slice(0, -2).flat()).toEqual([]);
    expect(camera.dropped).toBe(0);
  });

  it('takes no notice of timestamps: cameras give each packet its own, or all the same', () => {
    const documents = [stream('a'.repeat(300)), stream('b'.repeat(300))];
    for (const step of [0, 1, 3000]) {
      const all = documents.flatMap((each) => packets(each)).map((packet, index) => ({ ...packet, timestamp: index * step }));
      const camera = new Camera();
      expect([camera.documents(all), camera.dropped]).toEqual([documents, 0]);
    }
  });

  it('gives what follows the root element too, byte for byte', () => {
    const document = `${stream('')}\r\n<!-- camera 7 -->\r\n`;
    // Cut just behind the root element.
    const [head, tail] = [stream(''), '\r\n<!-- camera 7 -->\r\n'];
    expect(new Camera().documents([{ text: head }, { text: tail, marker: true }])).toEqual([document]);
  });

  it('gives a document whose XML declaration has a packet of its own', () => {
    const document = stream('x');
    const all = [{ text: DECLARATION }, { text: document.slice(DECLARATION.length) }];
    const marked = all.map((packet, index) => ({ ...packet, marker: index === 1 }));
    expect(new Camera().documents([...marked, ...marked])).toEqual([document, document]);
    expect(new Camera().documents([...all, ...all, ...all]).slice(0, 2)).toEqual([document, document]);
  });

  it('gives a document of any root element, in one packet or several, also an empty one', () => {
    const documents = [
      '<a/>',
      '<a b="c>d"/>',
      '<a>b</a>',
      `<!-- x --><!DOCTYPE a><a>${'b'.repeat(300)}</a >`,
      '\r\n <a/>',
      '\ufeff<a/>',
    ];
    const camera = new Camera();
    expect(camera.documents(documents.flatMap((each) => packets(each)))).toEqual(documents);
    expect(camera.dropped).toBe(0);
  });

  it('drops and counts a document with a part missing, and gives the next', () => {
    const camera = new Camera();
    const damaged = packets(stream('x'.repeat(500))).map((packet, index) => ({ ...packet, gap: index === 2 }));
    expect(camera.documents([...damaged, ...packets(stream('next'))])).toEqual([stream('next')]);
    expect(camera.dropped).toBe(1);
  });

  it('gives the document that begins behind a gap which took the end of the one before', () => {
    const camera = new Camera();
    const cutOff = packets(stream('x'.repeat(500))).slice(0, 3);
    const [first, ...rest] = packets(stream('next'));
    expect(camera.documents([...cutOff, { text: first?.text ?? '', gap: true }, ...rest])).toEqual([stream('next')]);
    expect(camera.dropped).toBe(1);
  });

  it.each([
    ['an element', '<tt:Frame></tt:Frame></tt:VideoAnalytics></tt:MetadataStream>'],
    ['text', 'ame></tt:MetadataStream>'],
    ['the end of an element', '</tt:VideoAnalytics></tt:MetadataStream>'],
  ])('drops the rest of a document that began before we came, with %s first', (_, rest) => {
    const camera = new Camera();
    expect(camera.documents([...packets(rest, 10), ...packets(stream('next'))])).toEqual([stream('next')]);
    expect(camera.dropped).toBe(1);
  });

  it('gives the first document of a source that started anew, and not what came before of another', () => {
    const camera = new Camera();
    const cutOff = packets(stream('x'.repeat(500))).slice(0, 3);
    const anew = packets(`<a>${'y'.repeat(300)}</a>`).map((packet, index) => ({ ...packet, restart: index === 0 }));
    expect(camera.documents([...cutOff, ...anew])).toEqual([`<a>${'y'.repeat(300)}</a>`]);
    expect(camera.dropped).toBe(1);
  });

  it('drops and counts a document above 1 MiB, or of more packets than it can have bytes for, and gives the next', () => {
    const camera = new Camera();
    const large = packets(stream('x'.repeat(1024 * 1024)), 65_000);
    const many = packets(stream('x'.repeat(9000)), 1);
    const next = packets(stream('next'));
    expect(camera.documents([...large, ...next, ...many, ...next])).toEqual([stream('next'), stream('next')]);
    expect(camera.dropped).toBe(2);
  });

  it.each([
    [
      'UTF-16 with a byte order mark, little end first',
      Buffer.from(`\ufeff${stream('Tür').replace('UTF-8', 'UTF-16')}`, 'utf16le'),
    ],
    [
      'UTF-16 with a byte order mark, big end first',
      Buffer.from(`\ufeff${stream('Tür').replace('UTF-8', 'UTF-16')}`, 'utf16le').swap16(),
    ],
    ['UTF-16 by its declaration alone', Buffer.from(stream('Tür').replace('UTF-8', 'UTF-16LE'), 'utf16le')],
    ['Latin-1', Buffer.from(stream('Tür').replace('UTF-8', 'ISO-8859-1'), 'latin1')],
    ['UTF-8 with a byte order mark', Buffer.from(`\ufeff${stream('Tür')}`)],
    ['UTF-8 with the zero of a C string behind it', Buffer.from(`${stream('Tür')}\0`)],
  ])('gives a document in %s as it came, with markers and without', (_, document) => {
    const marked = new Camera();
    // An odd size: a character of UTF-16 may lie across two packets.
    expect(marked.send([...packets(document, 33), ...packets(document, 33)]).flat()).toEqual([document, document]);
    const unmarked = new Camera();
    const bare = cut(document, 33).map((text) => ({ text }));
    expect(
      unmarked
        .send([...bare, ...bare, ...bare])
        .flat()
        .slice(0, 2),
    ).toEqual([document, document]);
    expect([marked.dropped, unmarked.dropped]).toEqual([0, 0]);
  });
});

describe('metadata of a camera that sets no markers', () => {
  const documents = ['a', 'b', 'c', 'd'].map((letter) => stream(letter.repeat(450)));
  const bare = (document: string): Packet[] => cut(document, 100).map((text) => ({ text }));

  it('are complete with their root element, once a document began behind another', () => {
    const camera = new Camera();
    // The first is known to be over when the second begins; each one after that at once.
    expect(documents.map((each) => camera.documents(bare(each)))).toEqual([
      [],
      documents.slice(0, 2),
      [documents[2]],
      [documents[3]],
    ]);
    expect(camera.dropped).toBe(0);
  });

  it('are dropped and counted where a part is missing', () => {
    const camera = new Camera();
    camera.documents([...bare(documents[0] ?? ''), ...bare(documents[1] ?? '')]);
    const damaged = bare(documents[2] ?? '').map((packet, index) => ({ ...packet, gap: index === 2 }));
    expect(camera.documents([...damaged, ...bare(documents[3] ?? '')])).toEqual([documents[3]]);
    expect(camera.dropped).toBe(1);
  });

  it('may have line ends between them', () => {
    const camera = new Camera();
    const apart = documents.flatMap((each) => [...bare(each), { text: '\r\n' }]);
    const [first, ...others] = documents;
    expect(camera.documents(apart)).toEqual([`${first}\r\n`, ...others]);
    expect(camera.dropped).toBe(0);
  });

  it('are bounded like any other', () => {
    const camera = new Camera();
    const endless = Array.from({ length: 40 }, () => ({ text: 'x'.repeat(60_000) }));
    expect(camera.documents([...endless, ...documents.flatMap(bare)])).toEqual(documents);
    expect(camera.dropped).toBe(1);
  });
});

describe('metadata of a camera that sets the marker on every packet', () => {
  const documents = ['a', 'b', 'c'].map((letter) => stream(`<tt:Frame>${letter.repeat(450)}</tt:Frame>`));
  const marked = (document: string): Packet[] => cut(document, 100).map((text) => ({ text, marker: true }));

  it('are complete with their root element', () => {
    const camera = new Camera();
    expect(documents.map((each) => camera.documents(marked(each)))).toEqual(documents.map((each) => [each]));
    expect(camera.dropped).toBe(0);
  });

  it('are dropped and counted once where a part is missing', () => {
    const camera = new Camera();
    const [first, second, third] = documents.map((each) => marked(each));
    const damaged = (second ?? []).map((packet, index) => ({ ...packet, gap: index === 2 }));
    expect(camera.documents([...(first ?? []), ...damaged, ...(third ?? [])])).toEqual([documents[0], documents[2]]);
    expect(camera.dropped).toBe(1);
  });

  it('are dropped where the root element is never closed', () => {
    const camera = new Camera();
    const cutOff = marked(documents[0] ?? '').slice(0, 3);
    expect(camera.documents([...cutOff, ...cutOff, ...marked(documents[1] ?? '')])).toEqual([documents[1]]);
    expect(camera.dropped).toBe(2);
  });
});

describe('metadata that the camera compresses', () => {
  const documents = ['a', 'b', 'c'].map((letter) => gzipSync(stream(`${letter}${Math.E}`.repeat(400)), { level: 1 }));
  const cutUp = (document: Buffer): Buffer[] => cut(document, 50);

  it.each<[string, (parts: Buffer[]) => Packet[], number]>([
    ['at their end', (parts) => parts.map((text, index) => ({ text, marker: index === parts.length - 1 })), 3],
    ['on every packet', (parts) => parts.map((text) => ({ text, marker: true })), 3],
    // Each is known to be over when the next begins.
    ['nowhere', (parts) => parts.map((text) => ({ text })), 2],
  ])('are put together from packets with the marker %s', (_, mark, expected) => {
    const camera = new Camera('gzip');
    expect(camera.send(documents.flatMap((each) => mark(cutUp(each)))).flat()).toEqual(documents.slice(0, expected));
    expect(camera.dropped).toBe(0);
  });

  it('are dropped where the beginning is missing, or what comes is not compressed', () => {
    const camera = new Camera('gzip');
    const rest = packets(documents[0]?.subarray(20) ?? '', 50);
    expect(camera.send([...rest, { text: '<a/>', marker: true }, ...packets(documents[1] ?? '', 50)]).flat()).toEqual([
      documents[1],
    ]);
    expect(camera.dropped).toBe(2);
  });

  it('are given with padding behind them, though later', () => {
    const camera = new Camera('gzip');
    const padded = documents.map((each) => Buffer.concat([each, Buffer.alloc(7, 0xff)]));
    expect(camera.send(padded.flatMap((each) => packets(each, 50))).flat()).toEqual(padded.slice(0, 2));
    expect(camera.dropped).toBe(0);
  });
});

describe('metadata of any kind', () => {
  const packet = fc.record({
    text: fc.oneof(
      anyBytes(20),
      fc.constantFrom(DECLARATION, '<tt:MetadataStream>', '</tt:MetadataStream>', '<a/>', '\x1f\x8b\x08'),
    ),
    marker: fc.boolean(),
    gap: fc.boolean(),
    restart: fc.boolean(),
  });

  it.each(['xml', 'gzip'] as const)('(%s) never throw, and give each byte once at most, in order', (form) => {
    fc.assert(
      fc.property(fc.array(packet, { maxLength: 20 }), (all) => {
        const camera = new Camera(form);
        const documents = camera.send(all).flat();
        const sent = Buffer.concat(all.map(({ text }) => Buffer.from(text as string)));
        let at = 0;
        for (const document of documents) {
          const found = sent.indexOf(document, at);
          expect(found).toBeGreaterThanOrEqual(at);
          at = found + document.length;
        }
        expect(documents.length + camera.dropped).toBeLessThanOrEqual(all.length + 1);
      }),
    );
  });

  it('are the same documents however they are cut, marked at their end', () => {
    const content = fc.string({ maxLength: 300 }).map((text) => text.replaceAll(/[<>&\0]/g, '.'));
    fc.assert(
      fc.property(fc.array(content, { minLength: 1, maxLength: 5 }), fc.integer({ min: 1, max: 200 }), (contents, size) => {
        const documents = contents.map(stream);
        const camera = new Camera();
        expect(camera.documents(documents.flatMap((each) => packets(each, size)))).toEqual(documents);
        expect(camera.dropped).toBe(0);
      }),
    );
  });
});
