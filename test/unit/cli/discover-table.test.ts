import { describe, expect, it } from 'vitest';
import type { FoundCamera } from '../../../src/cli/discover-camera.ts';
import { LiveBlock, plainLine, tableLines } from '../../../src/cli/discover-table.ts';

const UNKNOWN: FoundCamera = {
  address: '10.0.0.9',
  name: null,
  manufacturer: null,
  model: null,
  firmware: null,
  hardware: null,
  serial: null,
  location: null,
  videoSources: null,
  credentials: 'unknown',
  reason: null,
  configured: null,
  endpointReference: 'urn:uuid:1',
  addresses: ['10.0.0.9'],
  xaddrs: [],
  types: [],
  scopes: [],
};

const profile = (
  name: string,
  codec: string | null,
): { token: string; name: string; codec: string | null; width: number; height: number } => ({
  token: 't',
  name,
  codec,
  width: 1280,
  height: 720,
});

const ENCODER: FoundCamera = {
  ...UNKNOWN,
  address: '10.0.0.10:8000',
  name: 'Hall',
  manufacturer: 'Acme',
  model: 'E4',
  firmware: '1.2',
  hardware: 'H7',
  credentials: 'accepted',
  configured: 'hall',
  videoSources: [
    { token: 'in1', profiles: [profile('main', 'H264'), profile('sub', null)] },
    { token: 'in2', profiles: [profile('main2', 'H265')] },
  ],
};

describe('tableLines', () => {
  it('has a line for each camera, and one for each input of an encoder', () => {
    expect(tableLines([UNKNOWN, ENCODER])).toEqual([
      'ADDRESS         NAME  MODEL    FIRMWARE  HARDWARE  VIDEO                  LOGIN     CONFIG',
      '10.0.0.9        -     -        -         -         -                      -         new',
      '10.0.0.10:8000  Hall  Acme E4  1.2       H7        2 sources, 3 profiles  accepted  hall',
      '  source 1: main H264 1280x720, sub',
      '  source 2: main2 H265 1280x720',
    ]);
    expect(tableLines([])).toEqual([]);
  });

  it('has the scopes below, the location first, without what has a column', () => {
    const scopes = ['Profile/T', 'type/video_encoder', 'name/Hall', 'hardware/H7', 'location/city/Bad%20Ischl'].map(
      (scope) => `onvif://www.onvif.org/${scope}`,
    );
    const camera = { ...UNKNOWN, scopes: [...scopes, 'http://vendor.example/x', 'onvif://www.onvif.org/MAC/%zz'] };
    const described = 'location/city/Bad Ischl, Profile/T, type/video_encoder, http://vendor.example/x, MAC/%zz';
    expect(tableLines([camera]).slice(2)).toEqual([`  scopes: ${described}`]);
    expect(plainLine(camera)).toBe(`10.0.0.9: scopes ${described}, new`);
    const many = Array.from({ length: 60 }, (_, index) => `onvif://www.onvif.org/MAC/00:00:${index}\n\u001B[31m`);
    const [line = ''] = tableLines([{ ...UNKNOWN, scopes: many }]).slice(2);
    expect(line.length).toBeLessThan(200);
    expect(line).toMatch(/^[\u0020-\u007e]+…$/);
  });

  it('cuts what is too long for a column', () => {
    expect(tableLines([{ ...UNKNOWN, name: 'x'.repeat(100) }])[1]).toBe(
      `10.0.0.9  ${'x'.repeat(31)}…  -      -         -         -      -      new`,
    );
  });
});

describe('plainLine', () => {
  it('says what is known', () => {
    expect(plainLine(UNKNOWN)).toBe('10.0.0.9: new');
    expect(plainLine(ENCODER)).toBe(
      '10.0.0.10:8000: Hall, Acme E4, firmware 1.2, hardware H7, 2 sources, 3 profiles, credentials accepted, in the config as hall',
    );
    const refused = { ...UNKNOWN, credentials: 'refused' as const, reason: { code: 'camera.unauthorized', message: 'No.' } };
    expect(plainLine(refused)).toBe('10.0.0.9: credentials refused, new');
    expect(plainLine({ ...UNKNOWN, reason: { code: 'camera.timeout', message: 'It did not answer.' } })).toBe(
      '10.0.0.9: new, It did not answer.',
    );
  });
});

describe('LiveBlock', () => {
  function terminal(rows: number): { written: string[]; columns: number; rows: number; write(text: string): void } {
    const written: string[] = [];
    return { written, columns: 8, rows, write: (text) => void written.push(text) };
  }

  it('replaces what it drew before, and leaves the last whole', () => {
    const screen = terminal(24);
    const block = new LiveBlock(screen);
    block.draw(['title', '0123456789']);
    block.draw(['title', 'a', 'b']);
    block.finish(['0123456789']);
    block.draw(['x']);
    expect(screen.written).toEqual([
      'title\n012345…\n',
      '\u001B[2F\u001B[Jtitle\na\nb\n',
      '\u001B[3F\u001B[J0123456789\n',
      'x\n',
    ]);
  });

  it('draws no more than fits on the screen: the title and the last', () => {
    const screen = terminal(4);
    new LiveBlock(screen).draw(['title', 'a', 'b', 'c', 'd']);
    expect(screen.written).toEqual(['title\nc\nd\n']);
  });
});
