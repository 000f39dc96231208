import { describe, expect, it } from 'vitest';
import { attenuateG711, convertG711, levelOfG711, SILENCE, type G711Law } from '../../../../src/media/g711/companding.ts';
import { G711Concealment } from '../../../../src/media/g711/concealment.ts';

/** All bytes of a law. */
const ALL = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
const LAWS: readonly G711Law[] = ['PCMU', 'PCMA'];

describe('G.711', () => {
  // ITU-T G.711 tables 1 and 2: the loudest of both signs, and silence.
  it.each([
    ['PCMU', 'PCMA', [0x80, 0x00, 0xff], [0xaa, 0x2a, 0xd5]],
    ['PCMA', 'PCMU', [0xaa, 0x2a], [0x80, 0x00]],
  ] as const)('of %s as %s keeps the loudest and the silence', (from, to, spoken, heard) => {
    expect([...convertG711(Buffer.from(spoken), from, to)]).toEqual(heard);
  });

  it.each([
    ['PCMU', 'PCMA'],
    ['PCMA', 'PCMU'],
  ] as const)('of %s as %s is the nearest that the other law has', (from, to) => {
    for (const [byte, converted] of convertG711(ALL, from, to).entries()) {
      const distance = (other: number): number => Math.abs(linearOf(to, other) - linearOf(from, byte));
      // Of two that are equally near, or nearly, either will do.
      expect(distance(converted)).toBeLessThanOrEqual(Math.min(...[...ALL].map(distance)) + 8);
    }
  });

  it.each(LAWS)('of %s stays the same at full loudness, and is silence at none', (law) => {
    const kept = attenuateG711(ALL, law, 1);
    // Mu-law has a zero of either sign, which is the same sound.
    expect([...kept].filter((byte, index) => byte !== index && index !== 0x7f)).toEqual([]);
    expect([...new Set(levels(attenuateG711(ALL, law, 0), law))].every((level) => level >= 72)).toBe(true);
  });

  it.each(LAWS)('of %s half as loud is 6 dB quieter', (law) => {
    const tone = sine(law, 0.5);
    expect(levelOfG711(attenuateG711(tone, law, 0.5), law) - levelOfG711(tone, law)).toBe(6);
  });

  it.each(LAWS)('of %s: the level of a tone is its root mean square, that of silence the lowest', (law) => {
    // A sine of full scale has 3 dB less than a square wave of full scale (RFC 6464 section 3).
    expect(levelOfG711(sine(law, 0.97), law)).toBe(3);
    expect(levelOfG711(Buffer.alloc(160, SILENCE[law]), law)).toBeGreaterThanOrEqual(72);
  });
});

describe('the concealment of lost G.711', () => {
  it('repeats what came last, ever quieter, and is silence after 60 ms', () => {
    const concealment = new G711Concealment('PCMU');
    const tone = sine('PCMU', 0.5);
    concealment.received(tone);
    const concealed = [1, 2, 3, 4].map(() => levelOfG711(concealment.conceal(160), 'PCMU'));
    const loudness = levelOfG711(tone, 'PCMU');
    expect(concealed[0]).toBeGreaterThan(loudness);
    expect(concealed[0]).toBeLessThan(loudness + 3);
    expect(concealed[1]).toBeGreaterThan(concealed[0] ?? 0);
    expect(concealed[2]).toBeGreaterThan(concealed[1] ?? 0);
    expect(concealed[3]).toBe(127);
  });

  it('begins anew after what came, and is silence where nothing came yet', () => {
    const concealment = new G711Concealment('PCMA');
    expect(levelOfG711(concealment.conceal(160), 'PCMA')).toBeGreaterThanOrEqual(72);
    for (let round = 0; round < 2; round += 1) {
      concealment.received(sine('PCMA', 0.5));
      expect(levelOfG711(concealment.conceal(160), 'PCMA')).toBeLessThan(15);
      concealment.conceal(480);
    }
  });
});

/** 20 ms of 400 Hz, by the nearest byte of all. */
function sine(law: G711Law, amplitude: number): Buffer {
  const linear = new Map([...ALL].map((byte) => [byte, linearOf(law, byte)] as const));
  const nearest = (sample: number): number =>
    [...linear].reduce((best, next) => (Math.abs(next[1] - sample) < Math.abs(best[1] - sample) ? next : best))[0];
  return Buffer.from(
    Array.from({ length: 160 }, (_, at) => nearest(amplitude * 32_768 * Math.sin((2 * Math.PI * 400 * at) / 8000))),
  );
}

/** ITU-T G.711, written down as its tables are. */
function linearOf(law: G711Law, byte: number): number {
  const bits = law === 'PCMU' ? ~byte & 0xff : byte ^ 0x55;
  const exponent = (bits >> 4) & 7;
  const mantissa = bits & 15;
  if (law === 'PCMU') return ((bits & 0x80) === 0 ? 1 : -1) * (((2 * mantissa + 33) * 2 ** exponent - 33) * 4);
  const magnitude = exponent === 0 ? (2 * mantissa + 1) * 8 : (2 * mantissa + 33) * 2 ** (exponent - 1) * 8;
  return (bits & 0x80) === 0 ? -magnitude : magnitude;
}

function levels(bytes: Buffer, law: G711Law): number[] {
  return [...bytes].map((byte) => levelOfG711(Buffer.from([byte]), law));
}
