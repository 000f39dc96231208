import { describe, expect, it } from 'vitest';
import { chooseFormat, speechFormat, type ListedFormat } from '../../../../src/media/talk/speech-format.ts';

const listed = (encodingName: string, change: Partial<ListedFormat> = {}): ListedFormat => {
  return { payloadType: 0, encodingName, clockRate: 8000, channels: 1, fmtp: new Map(), ...change };
};
const AAC = listed('MPEG4-GENERIC', { clockRate: 16_000, fmtp: new Map([['sizelength', '13']]) });

describe('of the forms that a camera takes', () => {
  it.each([
    ['PCMU', ['PCMA', 'PCMU'], 'PCMU'],
    ['PCMA', ['PCMU', 'PCMA'], 'PCMA'],
    ['PCMU', ['G726-32', 'PCMA'], 'PCMA'],
    ['OPUS', ['G726-32', 'PCMA', 'PCMU'], 'PCMA'],
    ['OPUS', ['G726-32', 'G726-16'], 'G726-32'],
    ['PCMU', ['G723', 'L16', 'G726-40'], 'G726-40'],
  ] as const)('%s to %j goes as %s: what takes least to make', (spoken, names, wanted) => {
    expect(
      chooseFormat(
        names.map((name) => listed(name)),
        spoken,
      )?.encodingName,
    ).toBe(wanted);
  });

  it('G.711 of another clock is not what browsers send, and still less to make than AAC', () => {
    const wide = listed('PCMU', { clockRate: 16_000 });
    expect(chooseFormat([AAC, wide, listed('PCMA')], 'PCMU')?.encodingName).toBe('PCMA');
    expect(chooseFormat([AAC, wide], 'PCMU')).toBe(wide);
  });

  it('none will do where we can make none', () => {
    expect(chooseFormat([listed('G723'), listed('AAL2-G726-32'), listed('MP4A-LATM'), listed('')], 'PCMU')).toBeUndefined();
  });
});

it.each([
  [listed('G726-16'), 'G726', 2],
  [listed('G726-24'), 'G726', 3],
  [listed('G726-40'), 'G726', 5],
  [listed('G726'), 'G726', 4],
  [listed('PCMA', { channels: 2 }), 'PCMA', 8],
  [AAC, 'AAC', 0],
])('%o is %s with %i bits a sample', (format, codec, bitsPerSample) => {
  expect(speechFormat(format)).toMatchObject({ codec, bitsPerSample });
});

it.each([
  listed('PCMU', { channels: 6 }),
  listed('PCMU', { clockRate: 4_000_000_000 }),
  listed('G726-48'),
  listed('G726-32', { clockRate: 16_000 }),
  listed('MPEG4-GENERIC', { fmtp: new Map([['sizelength', '6']]) }),
])('%o is nothing that we make', (format) => {
  expect(speechFormat(format)).toBeUndefined();
});
