/** Bytes of fields, each a value and its bits; filled up with zeros at the end. */
export function bitString(...fields: readonly (readonly [value: number, bits: number])[]): Buffer {
  const bits = fields.map(([value, length]) => value.toString(2).padStart(length, '0')).join('');
  const bytes = bits.padEnd(Math.ceil(bits.length / 8) * 8, '0').match(/.{8}/g) ?? [];
  return Buffer.from(bytes.map((byte) => Number.parseInt(byte, 2)));
}

/** The bits of bytes, for {@link bitString}. */
export function bitsOf(bytes: Uint8Array): (readonly [number, number])[] {
  return [...bytes].map((byte) => [byte, 8] as const);
}
