import { joinPackets, splitPackets } from './packets.ts';
import type { Random } from './random.ts';
import type { FuzzTarget } from './target.ts';

/** Longest input, bytes: one in {@link GROWN} grows up to here, so that work that grows with the square shows. */
const MAX_BYTES = 256 * 1024;
const GROWN = 1000;
const MAX_PACKETS = 64;

type Mutation = (bytes: Buffer, random: Random, other: Buffer) => Buffer;

/** Bytes that mean something to one parser or another: limits, line ends, separators, frame and start-code bytes. */
const NOTABLE_BYTES = [0, 1, 3, 0x0a, 0x0d, 0x1f, 0x20, 0x22, 0x24, 0x2c, 0x3a, 0x3b, 0x3c, 0x5c, 0x67, 0x7c, 0x7f, 0x80, 0xff];
const NOTABLE_WORDS = [0, 1, 2, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xfffe, 0xffff];
const NOTABLE_NUMBERS = [
  ...['0', '-1', '00', '1', '127', '128', '255', '256', '999', '65535', '65536', '2147483648', '4294967296'],
  ...['9007199254740993', '1e999', '0x10', 'NaN', '', '1.5', '-0', '9'.repeat(400)],
];
const NOTABLE_TEXTS = [
  ...[
    '\r\n',
    '\r\n\r\n',
    '\n',
    '\0',
    '\t',
    ' ',
    '"',
    '\\',
    '\\"',
    '%',
    '%zz',
    '${',
    '${HOME}',
    '&#x110000;',
    '&#0;',
    '&amp;',
    '<!--',
  ],
  ...[']]>', '<![CDATA[', '<!DOCTYPE a [', '{', '}', '[', ']', '[[[[[[[[', '*', '&a', '!!binary ', '__proto__', 'constructor'],
  ...['toString', 'null', 'ä€😀', '\u2028', '\ud800', '@', '://', '..', '::1', 'a='],
];

const ANY: readonly Mutation[] = [
  flipBit,
  setByte,
  setLength,
  truncate,
  removeChunk,
  duplicateChunk,
  moveChunk,
  insertBytes,
  splice,
];
const TEXT: readonly Mutation[] = [
  ...ANY,
  ...[tamperNumber, insertText, changeCase, duplicateLine, removeLine, swapLines, spliceLine],
];

/** A new input from the target's corpus. The same state of `random` gives the same input. */
export function mutate({ corpus, form }: FuzzTarget, random: Random): Buffer {
  const rounds = 1 + random.below(4);
  let bytes = random.pick(corpus);
  for (let round = 0; round < rounds; round += 1) {
    const other = random.pick(corpus);
    if (form === 'packets') bytes = mutatePackets(bytes, random, other);
    else bytes = random.pick(form === 'text' ? TEXT : ANY)(bytes, random, other);
  }
  if (random.oneIn(GROWN)) bytes = grow(bytes, random);
  return bytes.subarray(0, MAX_BYTES);
}

/** Loses, repeats, swaps, borrows or changes whole packets, or, seldom, the bytes without regard to packets. */
function mutatePackets(bytes: Buffer, random: Random, other: Buffer): Buffer {
  if (random.oneIn(16)) return random.pick(ANY)(bytes, random, other);
  const packets = splitPackets(bytes);
  const at = random.below(packets.length);
  const packet = packets[at] ?? Buffer.alloc(0);
  const to = random.below(packets.length + 1);
  const others = splitPackets(other);
  switch (random.below(8)) {
    case 0:
      packets.splice(at, 1 + random.below(3));
      break;
    case 1:
      packets.splice(to, 0, ...Array.from({ length: 1 + random.below(random.oneIn(8) ? MAX_PACKETS : 3) }, () => packet));
      break;
    case 2:
      packets.splice(at, 1);
      packets.splice(to, 0, packet);
      break;
    case 3:
      packets.splice(to, 0, ...others.slice(random.below(others.length)).slice(0, 1 + random.below(4)));
      break;
    default:
      packets[at] = random.pick(ANY)(packet, random, others[random.below(others.length)] ?? packet);
  }
  return joinPackets(packets.slice(0, MAX_PACKETS));
}

/** One stretch of the input over and over. */
function grow(bytes: Buffer, random: Random): Buffer {
  const [from, to] = stretch(bytes, random);
  const part = bytes.subarray(from, to);
  if (part.length === 0) return bytes;
  const times = Math.floor((MAX_BYTES - bytes.length) / part.length);
  return Buffer.concat([bytes.subarray(0, to), ...Array.from({ length: random.below(times) }, () => part), bytes.subarray(to)]);
}

/** A part of the bytes, mostly a short one. */
function stretch(bytes: Buffer, random: Random): [from: number, to: number] {
  const from = random.below(bytes.length);
  const most = random.oneIn(3) ? bytes.length - from : Math.min(bytes.length - from, 16);
  return [from, from + Math.min(bytes.length - from, 1 + random.below(most))];
}

function replaced(bytes: Buffer, from: number, to: number, by: Uint8Array): Buffer {
  return Buffer.concat([bytes.subarray(0, from), by, bytes.subarray(to)]);
}

function flipBit(bytes: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length);
  return replaced(bytes, at, at + 1, Buffer.from([(bytes[at] ?? 0) ^ (1 << random.below(8))]));
}

function setByte(bytes: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length);
  return replaced(bytes, at, at + 1, Buffer.from([random.oneIn(2) ? random.pick(NOTABLE_BYTES) : random.below(256)]));
}

/** Two or four bytes that may be a length, a number of a packet or a time. */
function setLength(bytes: Buffer, random: Random): Buffer {
  const at = random.below(Math.max(1, bytes.length - 3));
  const word = random.oneIn(3) ? random.below(0x10000) : random.pick(NOTABLE_WORDS);
  const high = random.oneIn(2) ? [] : [random.oneIn(2) ? [0, 0] : [0xff, 0xff]].flat();
  const field = Buffer.from([...high, word >> 8, word & 0xff]);
  return replaced(bytes, at, at + field.length, field);
}

function truncate(bytes: Buffer, random: Random): Buffer {
  return bytes.subarray(0, random.below(bytes.length));
}

function removeChunk(bytes: Buffer, random: Random): Buffer {
  return replaced(bytes, ...stretch(bytes, random), Buffer.alloc(0));
}

function duplicateChunk(bytes: Buffer, random: Random): Buffer {
  const [from, to] = stretch(bytes, random);
  return replaced(bytes, to, to, bytes.subarray(from, to));
}

function moveChunk(bytes: Buffer, random: Random): Buffer {
  const [from, to] = stretch(bytes, random);
  const without = replaced(bytes, from, to, Buffer.alloc(0));
  const at = random.below(without.length + 1);
  return replaced(without, at, at, bytes.subarray(from, to));
}

function insertBytes(bytes: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length + 1);
  const added = Buffer.from(Array.from({ length: 1 + random.below(12) }, () => random.below(256)));
  return replaced(bytes, at, at, added);
}

/** The beginning of one input and the end of another. */
function splice(bytes: Buffer, random: Random, other: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, random.below(bytes.length + 1)), other.subarray(random.below(other.length + 1))]);
}

/** Another number in place of one that is written in digits. */
function tamperNumber(bytes: Buffer, random: Random): Buffer {
  const numbers = [...bytes.toString('latin1').matchAll(/\d+/g)];
  if (numbers.length === 0) return insertText(bytes, random);
  const { index, 0: digits } = random.pick(numbers);
  return replaced(bytes, index, index + digits.length, Buffer.from(random.pick(NOTABLE_NUMBERS)));
}

function insertText(bytes: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length + 1);
  return replaced(bytes, at, at, Buffer.from(random.pick(NOTABLE_TEXTS)));
}

function changeCase(bytes: Buffer, random: Random): Buffer {
  const [from, to] = stretch(bytes, random);
  const text = bytes.toString('latin1', from, to);
  return replaced(bytes, from, to, Buffer.from(random.oneIn(2) ? text.toUpperCase() : text.toLowerCase(), 'latin1'));
}

function withLines(bytes: Buffer, change: (lines: string[]) => void): Buffer {
  const lines = bytes.toString('latin1').split('\n');
  change(lines);
  return Buffer.from(lines.join('\n'), 'latin1');
}

function duplicateLine(bytes: Buffer, random: Random): Buffer {
  return withLines(bytes, (lines) => {
    const at = random.below(lines.length);
    const copies = 1 + random.below(random.oneIn(8) ? 64 : 2);
    lines.splice(random.below(lines.length + 1), 0, ...Array.from({ length: copies }, () => lines[at] ?? ''));
  });
}

function removeLine(bytes: Buffer, random: Random): Buffer {
  return withLines(bytes, (lines) => lines.splice(random.below(lines.length), 1));
}

function swapLines(bytes: Buffer, random: Random): Buffer {
  return withLines(bytes, (lines) => {
    const [a, b] = [random.below(lines.length), random.below(lines.length)];
    [lines[a], lines[b]] = [lines[b] ?? '', lines[a] ?? ''];
  });
}

function spliceLine(bytes: Buffer, random: Random, other: Buffer): Buffer {
  const line = random.pick(other.toString('latin1').split('\n'));
  return withLines(bytes, (lines) => lines.splice(random.below(lines.length + 1), 0, line));
}
