import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { describe, expect, it } from 'vitest';
import { metadataDocument, type MetadataFrame } from '../../../../src/simulator/metadata-document.ts';
import type { SceneObject } from '../../../../src/simulator/scene.ts';

const CAR: SceneObject = {
  id: 7,
  class: 'Vehicle',
  likelihood: 0.97,
  box: { left: 4, top: 2.25, width: 4, height: 2.25 },
  facing: 1,
  travelled: 0,
  colour: [0, 0, 0],
};

const FRAME: MetadataFrame = {
  utcMs: Date.UTC(2026, 10, 21, 12, 0, 0, 250),
  objects: [CAR],
  ptz: { position: { pan: -0.5, tilt: 0.25, zoom: 1 }, moveStatus: { panTilt: 'MOVING', zoom: 'IDLE' } },
};

const EVERYTHING = { analytics: true, ptzPosition: true, ptzStatus: true };

function parse(document: string): Record<string, never> {
  expect(XMLValidator.validate(document)).toBe(true);
  return new XMLParser({ ignoreAttributes: false, attributeNamePrefix: '', isArray: (name) => name === 'tt:Object' }).parse(
    document,
  ) as Record<string, never>;
}

describe('metadata document', () => {
  it('reports objects in normalized coordinates, y upwards, with class and likelihood', () => {
    const stream = parse(metadataDocument(FRAME, EVERYTHING))['tt:MetadataStream'];
    expect(stream).toMatchObject({
      'xmlns:tt': 'http://www.onvif.org/ver10/schema',
      'tt:VideoAnalytics': {
        'tt:Frame': {
          UtcTime: '2026-11-21T12:00:00.250Z',
          'tt:Object': [
            {
              ObjectId: '7',
              'tt:Appearance': {
                'tt:Shape': {
                  'tt:BoundingBox': { left: '-0.5000', top: '0.5000', right: '0.0000', bottom: '0.0000' },
                  'tt:CenterOfGravity': { x: '-0.2500', y: '0.2500' },
                },
                'tt:Class': { 'tt:Type': { Likelihood: '0.97', '#text': 'Vehicle' } },
              },
            },
          ],
        },
      },
    });
  });

  it('reports where the camera looks and whether it moves', () => {
    expect(parse(metadataDocument(FRAME, EVERYTHING))['tt:MetadataStream']).toMatchObject({
      'tt:PTZ': {
        'tt:PTZStatus': {
          'tt:Position': { 'tt:PanTilt': { x: '-0.5000', y: '0.2500' }, 'tt:Zoom': { x: '1.0000' } },
          'tt:MoveStatus': { 'tt:PanTilt': 'MOVING', 'tt:Zoom': 'IDLE' },
          'tt:UtcTime': '2026-11-21T12:00:00.250Z',
        },
      },
    });
  });

  it('cuts boxes at the edge of the picture and leaves out what is not in it', () => {
    const atEdge = { ...CAR, box: { ...CAR.box, left: -2 } };
    const outside = { ...CAR, id: 8, box: { ...CAR.box, left: -4 } };
    const document = metadataDocument({ ...FRAME, objects: [atEdge, outside] }, EVERYTHING);
    expect(document).toContain('left="-1.0000" top="0.5000" right="-0.7500"');
    expect(document).not.toContain('ObjectId="8"');
  });

  it('has only the parts that are wanted', () => {
    const nothing = { analytics: false, ptzPosition: false, ptzStatus: false };
    const parts = (wanted: Partial<typeof nothing>): string[] =>
      ['tt:VideoAnalytics', 'tt:PTZ', 'tt:Position', 'tt:MoveStatus'].filter((name) =>
        metadataDocument(FRAME, { ...nothing, ...wanted }).includes(`<${name}>`),
      );
    expect(parts({})).toEqual([]);
    expect(parts({ analytics: true })).toEqual(['tt:VideoAnalytics']);
    expect(parts({ ptzPosition: true })).toEqual(['tt:PTZ', 'tt:Position']);
    expect(parts({ ptzStatus: true })).toEqual(['tt:PTZ', 'tt:MoveStatus']);
  });
});
