/* As much of DNS messages as a look-up of addresses by multicast DNS needs (RFC 1035 section 4, RFC 6762 section 18). */

/** An address that an answer gives to a name. */
export interface AddressRecord {
  /** In lower case, without the dot at its end. */
  name: string;
  address: string;
}

const HEADER_BYTES = 12;
const TYPE_A = 1;
const TYPE_AAAA = 28;
const CLASS_IN = 1;
const RESPONSE = 0x8000;
/** Of one message; an answer to our question has two. */
const MAX_RECORDS = 64;
const MAX_NAME_BYTES = 255;
const MAX_JUMPS = 8;

/** Asks for the IPv4 and IPv6 addresses of a name. */
export function encodeQuestion(name: string): Buffer {
  const labels = name.split('.').map((label) => Buffer.from(label));
  const encoded = Buffer.concat([...labels.flatMap((label) => [Buffer.from([label.length]), label]), Buffer.from([0])]);
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt16BE(2, 4);
  return Buffer.concat([
    header,
    ...[TYPE_A, TYPE_AAAA].map((type) => Buffer.concat([encoded, Buffer.from([0, type, 0, CLASS_IN])])),
  ]);
}

/** The addresses that a response holds; empty for anything else. */
export function readAddresses(message: Buffer): AddressRecord[] {
  if (message.length < HEADER_BYTES || (message.readUInt16BE(2) & RESPONSE) === 0) return [];
  const found: AddressRecord[] = [];
  let at: number | undefined = HEADER_BYTES;
  const questions = message.readUInt16BE(4);
  if (questions > MAX_RECORDS) return [];
  for (let index = 0; index < questions && at !== undefined; index += 1) {
    const name = readName(message, at);
    at = name === undefined ? undefined : name.end + 4;
  }
  // Answer, authority and additional section: the address of the other family may stand in the last.
  const records = Math.min(MAX_RECORDS, message.readUInt16BE(6) + message.readUInt16BE(8) + message.readUInt16BE(10));
  for (let index = 0; index < records && at !== undefined; index += 1) {
    const name = readName(message, at);
    if (name === undefined || name.end + 10 > message.length) break;
    const type = message.readUInt16BE(name.end);
    const length = message.readUInt16BE(name.end + 8);
    const data = message.subarray(name.end + 10, name.end + 10 + length);
    if (data.length < length) break;
    const address = addressOf(type, data);
    if (address !== undefined) found.push({ name: name.text, address });
    at = name.end + 10 + length;
  }
  return found;
}

function addressOf(type: number, data: Buffer): string | undefined {
  if (type === TYPE_A && data.length === 4) return data.join('.');
  if (type !== TYPE_AAAA || data.length !== 16) return undefined;
  return Array.from({ length: 8 }, (_, index) => data.readUInt16BE(index * 2).toString(16)).join(':');
}

/** A name and where what follows it begins; undefined where it is malformed. */
function readName(message: Buffer, start: number): { text: string; end: number } | undefined {
  const labels: string[] = [];
  let at = start;
  let end: number | undefined;
  let bytes = 0;
  let jumps = 0;
  for (;;) {
    const length = message[at];
    if (length === undefined) return undefined;
    if (length === 0) break;
    if (length >= 0xc0) {
      if (at + 2 > message.length || (jumps += 1) > MAX_JUMPS) return undefined;
      end ??= at + 2;
      at = message.readUInt16BE(at) & 0x3fff;
      continue;
    }
    bytes += length + 1;
    if (length > 63 || bytes > MAX_NAME_BYTES || at + 1 + length > message.length) return undefined;
    labels.push(message.toString('latin1', at + 1, at + 1 + length).toLowerCase());
    at += 1 + length;
  }
  return { text: labels.join('.'), end: end ?? at + 1 };
}
