import { afterEach, describe, expect, it, vi } from 'vitest';
import { readFrames, readUtcTime } from '../../../../src/page/metadata/analytics-frame.ts';
import { parseTree } from './xml-tree.ts';

const SCHEMA = 'http://www.onvif.org/ver10/schema';

function framesOf(frames: string, analytics = 'tt:VideoAnalytics') {
  const root = `<tt:MetadataStream xmlns:tt="${SCHEMA}"><${analytics}>${frames}</${analytics}></tt:MetadataStream>`;
  return readFrames(parseTree(root));
}

function objectsOf(objects: string, inFrame = '') {
  return framesOf(`<tt:Frame UtcTime="2026-11-21T10:00:00Z">${inFrame}${objects}</tt:Frame>`)[0]?.objects ?? [];
}

function object(shape: string, { id = '7', transformation = '', kind = '' } = {}): string {
  return `<tt:Object ObjectId="${id}"><tt:Appearance>${transformation}<tt:Shape>${shape}</tt:Shape>${kind}</tt:Appearance></tt:Object>`;
}

const BOX = '<tt:BoundingBox left="-0.5" top="0.5" right="0.5" bottom="-1"/>';

describe('frames of analytics', () => {
  it('have boxes in shares of the picture from the top left corner', () => {
    expect(objectsOf(object(BOX))).toEqual([
      { id: '7', box: { left: 0.25, top: 0.25, right: 0.75, bottom: 1 }, class: null, likelihood: null },
    ]);
  });

  it('are read whatever the prefix is, and nothing of other namespaces', () => {
    const other = `<v:VideoAnalytics xmlns:v="${SCHEMA}" xmlns:w="urn:other"><v:Frame UtcTime="2026-11-21T10:00:00Z">
      <w:Object ObjectId="1"><v:Appearance><v:Shape><v:BoundingBox left="0" top="1" right="1" bottom="0"/></v:Shape></v:Appearance></w:Object><v:Object ObjectId="2"><v:Appearance><v:Shape>
      <v:BoundingBox left="0" top="1" right="1" bottom="0"/></v:Shape></v:Appearance></v:Object></v:Frame></v:VideoAnalytics>`;
    const [frame] = readFrames(parseTree(`<MetadataStream xmlns="${SCHEMA}">${other}</MetadataStream>`));
    expect(frame?.objects.map(({ id, box }) => [id, box])).toEqual([['2', { left: 0.5, top: 0, right: 1, bottom: 0.5 }]]);
    expect(framesOf('<tt:Frame UtcTime="2026-11-21T10:00:00Z"/>', 'tt:Event')).toEqual([]);
  });

  // Pixels of 320 by 240 counted upwards, as in the Analytics Service Specification's own example.
  it('are transformed by the frame: scaled, then moved', () => {
    const inFrame =
      '<tt:Transformation><tt:Translate x="-1.0" y="-1.0"/><tt:Scale x="0.00625" y="0.0083333333"/></tt:Transformation>';
    const [found] = objectsOf(object('<tt:BoundingBox left="80" top="180" right="160" bottom="60"/>'), inFrame);
    expect(found?.box.left).toBeCloseTo(0.25);
    expect(found?.box.top).toBeCloseTo(0.25);
    expect(found?.box.right).toBeCloseTo(0.5);
    expect(found?.box.bottom).toBeCloseTo(0.75);
  });

  it('are transformed by the appearance first', () => {
    const transformation = '<tt:Transformation><tt:Translate x="1" y="0"/></tt:Transformation>';
    const inFrame = '<tt:Transformation><tt:Scale x="0.5" y="1"/></tt:Transformation>';
    const shape = '<tt:BoundingBox left="-1" top="1" right="1" bottom="-1"/>';
    expect(objectsOf(object(shape, { transformation }), inFrame)[0]?.box).toEqual({ left: 0.5, top: 0, right: 1, bottom: 1 });
  });

  it('have boxes also where top and bottom are the other way round', () => {
    expect(objectsOf(object('<tt:BoundingBox left="0" top="-0.5" right="0.5" bottom="0.5"/>'))[0]?.box).toEqual({
      left: 0.5,
      top: 0.25,
      right: 0.75,
      bottom: 0.75,
    });
  });

  it.each([
    ['<tt:Class><tt:Type Likelihood="0.93">Human</tt:Type></tt:Class>', 'Human', 0.93],
    ['<tt:Class><tt:Type Likelihood="0.2">Animal</tt:Type><tt:Type Likelihood="0.8">Face</tt:Type></tt:Class>', 'Face', 0.8],
    [
      '<tt:Class><tt:ClassCandidate><tt:Type>Vehicle</tt:Type><tt:Likelihood>0.7</tt:Likelihood></tt:ClassCandidate></tt:Class>',
      'Vehicle',
      0.7,
    ],
    ['<tt:Class><tt:Type> Human </tt:Type></tt:Class>', 'Human', null],
    ['<tt:Class><tt:Type Likelihood="93">Human</tt:Type></tt:Class>', 'Human', null],
    ['<tt:Class><tt:Type Likelihood="0.5"></tt:Type></tt:Class>', null, null],
  ])('have the likeliest class: %s', (kind, name, likelihood) => {
    expect(objectsOf(object(BOX, { kind }))[0]).toMatchObject({ class: name, likelihood });
  });

  it.each([
    '<tt:Object ObjectId="1"/>',
    object('<tt:CenterOfGravity x="0" y="0"/>'),
    object('<tt:BoundingBox left="0" top="x" right="1" bottom="0"/>'),
    object('<tt:BoundingBox left="0" top="" right="1" bottom="0"/>'),
    object('<tt:BoundingBox left="0" top="Infinity" right="1" bottom="0"/>'),
  ])('leave out what has no place in the picture: %s', (text) => {
    expect(objectsOf(text + object(BOX)).map(({ id }) => id)).toEqual(['7']);
  });

  it('are bounded, and so are their objects', () => {
    expect(framesOf('<tt:Frame/>'.repeat(100))).toHaveLength(64);
    expect(objectsOf(object(BOX).repeat(300))).toHaveLength(256);
  });
});

describe('UtcTime', () => {
  it.each([
    ['2026-11-21T10:00:00Z', Date.UTC(2026, 10, 21, 10)],
    ['2008-10-10T12:24:57.321', Date.UTC(2008, 9, 10, 12, 24, 57, 321)],
    ['2026-11-21T10:00:00.123456789Z', Date.UTC(2026, 10, 21, 10, 0, 0, 123)],
    ['2026-11-21T10:00:00.5+02:00', Date.UTC(2026, 10, 21, 8, 0, 0, 500)],
    [' 2026-11-21T10:00:00Z\n', Date.UTC(2026, 10, 21, 10)],
    ['2026-13-21T10:00:00Z', null],
    ['yesterday', null],
    ['', null],
    [null, null],
  ])('%s', (text, ms) => {
    // Wherever whoever watches is.
    vi.stubEnv('TZ', 'Asia/Tokyo');
    expect(readUtcTime(text)).toBe(ms);
  });

  afterEach(() => {
    vi.unstubAllEnvs();
  });
});
