/*
 * G.711 (ITU-T, 1988): 8000 samples a second, a byte each, by one of two laws. Both are tables of 256 entries, so that nothing is
 * computed while somebody talks.
 */

export type G711Law = 'PCMU' | 'PCMA';

/** Hz, of both laws (RFC 3551 section 4.5.14). */
export const G711_CLOCK_RATE = 8000;

export function isG711(codec: string): codec is G711Law {
  return codec === 'PCMU' || codec === 'PCMA';
}

/** The byte of silence. */
export const SILENCE: Readonly<Record<G711Law, number>> = { PCMU: 0xff, PCMA: 0xd5 };

/** Linear samples, 16 bit, of the 256 bytes of each law. */
const LINEAR: Readonly<Record<G711Law, Int16Array>> = {
  PCMU: Int16Array.from({ length: 256 }, (_, byte) => linearOfMu(byte)),
  PCMA: Int16Array.from({ length: 256 }, (_, byte) => linearOfA(byte)),
};

/** By the 13 most significant bits of a linear sample: as fine as either law gets. */
const COMPANDED: Readonly<Record<G711Law, Uint8Array>> = { PCMU: compandingTable('PCMU'), PCMA: compandingTable('PCMA') };

const CONVERSION: Readonly<Record<G711Law, Uint8Array>> = {
  PCMU: Uint8Array.from(LINEAR.PCMA, (sample) => companded(sample, 'PCMU')),
  PCMA: Uint8Array.from(LINEAR.PCMU, (sample) => companded(sample, 'PCMA')),
};

/** In memory of its own where the law changes, else as it came. */
export function convertG711(payload: Buffer, from: G711Law, to: G711Law): Buffer {
  if (from === to) return payload;
  const table = CONVERSION[to];
  return Buffer.from(payload.map((byte) => table[byte] ?? 0));
}

/**
 * The same sound at another loudness.
 *
 * @param gain 0 (silence) to 1
 */
export function attenuateG711(payload: Buffer, law: G711Law, gain: number): Buffer {
  const linear = LINEAR[law];
  return Buffer.from(payload.map((byte) => companded(Math.round((linear[byte] ?? 0) * gain), law)));
}

/** Loudness as RFC 6464 counts it: root mean square in -dBov, 0 the loudest, 127 silence. */
export function levelOfG711(payload: Buffer, law: G711Law): number {
  const linear = LINEAR[law];
  let squares = 0;
  for (const byte of payload) squares += (linear[byte] ?? 0) ** 2;
  if (squares === 0) return SILENT_LEVEL;
  return Math.min(SILENT_LEVEL, Math.max(0, Math.round(-10 * Math.log10(squares / payload.length / 32_768 ** 2))));
}

const SILENT_LEVEL = 127;

function companded(sample: number, law: G711Law): number {
  return COMPANDED[law][(sample + 32_768) >> 3] ?? SILENCE[law];
}

/** G.711 table 2: sign, three bits of exponent, four of mantissa, all inverted; the exponents are of the sample plus 33 * 4. */
function linearOfMu(byte: number): number {
  const inverted = ~byte & 0xff;
  const magnitude = ((((inverted & 0x0f) << 3) + 0x84) << ((inverted >> 4) & 7)) - 0x84;
  return (inverted & 0x80) === 0 ? magnitude : -magnitude;
}

/** G.711 table 1: the even bits are inverted; the lowest exponent has no leading one. */
function linearOfA(byte: number): number {
  const toggled = byte ^ 0x55;
  const exponent = (toggled >> 4) & 7;
  const mantissa = ((toggled & 0x0f) << 4) + 8;
  const magnitude = exponent === 0 ? mantissa : (mantissa + 0x100) << (exponent - 1);
  return (toggled & 0x80) === 0 ? -magnitude : magnitude;
}

/** For each linear sample the byte that comes nearest to it. */
function compandingTable(law: G711Law): Uint8Array {
  // Mu-law has a zero of either sign, of which the later one, that of silence, stays.
  const bytes = new Map(Array.from(LINEAR[law], (sample, byte) => [sample, byte]));
  const ordered = [...bytes.keys()].sort((a, b) => a - b);
  const table = new Uint8Array(2 ** 13);
  let nearest = 0;
  for (let index = 0; index < table.length; index += 1) {
    const sample = index * 8 - 32_768 + 4;
    const distance = (at: number): number => Math.abs((ordered[at] ?? Number.POSITIVE_INFINITY) - sample);
    while (distance(nearest + 1) < distance(nearest)) nearest += 1;
    table[index] = bytes.get(ordered[nearest] ?? 0) ?? 0;
  }
  return table;
}
