import { createHash, type Hash } from 'node:crypto';

const HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<tt:MetadataStream xmlns:tt="http://www.onvif.org/ver10/schema">';
const BOX = '<tt:BoundingBox left="-0.5" top="0.5" right="0.5" bottom="-0.5"/>';
const FOOT = '</tt:MetadataStream>';

/** Document number so-and-so of a seed: 200 to 60,000 bytes of objects as cameras write them. gst-rtsp-server.py makes the same. */
export function seededDocument(seed: string, number: number): Buffer {
  const length = 200 + (digest(seed, number, 'length').digest().readUInt32BE(0) % 59_801);
  const objects: string[] = [];
  let room = length - headOf(seed, number).length - FOOT.length;
  for (let block = 0; ; block += 1) {
    const id = digest(seed, number, block).digest('hex').slice(0, 16);
    const object = `<tt:Object ObjectId="${id}"><tt:Appearance><tt:Shape>${BOX}</tt:Shape></tt:Appearance></tt:Object>`;
    if (object.length > room) break;
    objects.push(object);
    room -= object.length;
  }
  return Buffer.concat([headOf(seed, number), Buffer.from(objects.join('') + ' '.repeat(room) + FOOT)]);
}

/** The same of so many bytes, of which compression makes a quarter less at most. */
export function incompressibleDocument(seed: string, number: number, length: number): Buffer {
  const room = length - headOf(seed, number).length - FOOT.length;
  const blocks = Array.from({ length: Math.ceil(room / 44) }, (_, block) => digest(seed, number, block).digest('base64'));
  return Buffer.concat([headOf(seed, number), Buffer.from(blocks.join('').slice(0, room) + FOOT)]);
}

function headOf(seed: string, number: number): Buffer {
  return Buffer.from(`${HEAD}<!--${seed} ${number} Tür-->`);
}

function digest(seed: string, number: number, block: number | string): Hash {
  return createHash('sha256').update(`${seed}:${number}:${block}`);
}
