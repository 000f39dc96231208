import { randomBytes } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { beginsGzip, singleMember } from '../../../../src/media/metadata/gzip-member.ts';

const XML = `<a>${randomBytes(40_000).toString('base64')}</a>`;
const MEMBER = gzipSync(XML);

/** The same member with all that a header may have (RFC 1952 section 2.3). */
function withFullHeader(member: Buffer): Buffer {
  const header = Buffer.concat([
    Buffer.from([0x1f, 0x8b, 8, 0x1f, 1, 2, 3, 4, 0, 3]),
    Buffer.from([3, 0, 9, 9, 9]),
    Buffer.from('metadata.xml\0a comment\0'),
    Buffer.from([0xab, 0xcd]),
  ]);
  return Buffer.concat([header, member.subarray(10)]);
}

describe('what a camera compressed', () => {
  it.each([
    ['one member', MEMBER],
    ['one member of nothing', gzipSync('')],
    ['one member with name, comment, extra field and checksum in its header', withFullHeader(MEMBER)],
  ])('is passed on as it is where it is exactly %s', async (_, bytes) => {
    expect(await singleMember(bytes)).toBe(bytes);
  });

  it.each([
    ['several members', Buffer.concat([gzipSync(XML.slice(0, 100)), gzipSync(''), gzipSync(XML.slice(100))])],
    ['a member with rubbish behind it', Buffer.concat([MEMBER, randomBytes(5).fill(7, 0, 1)])],
    ['a member with zeros behind it', Buffer.concat([MEMBER, Buffer.alloc(11)])],
    ['a member behind one of nothing', Buffer.concat([gzipSync(''), MEMBER])],
  ])('is compressed anew, as one member, where it is %s', async (_, bytes) => {
    const one = (await singleMember(bytes)) ?? Buffer.alloc(0);
    expect(await singleMember(one)).toBe(one);
    expect(gunzipSync(one).toString()).toBe(XML);
  });

  it('is passed on where it is 1 MiB when expanded', async () => {
    const bytes = gzipSync(Buffer.alloc(1024 * 1024));
    expect(await singleMember(bytes)).toBe(bytes);
  });

  it.each([
    ['cut off', MEMBER.subarray(0, -9)],
    ['without its last byte', MEMBER.subarray(0, -1)],
    ['damaged', Buffer.from(MEMBER).fill(0x55, 10_000, 10_010)],
    ['several members with the last one cut off', Buffer.concat([MEMBER, MEMBER.subarray(0, 100)])],
    ['not compressed', Buffer.from('<a/>')],
    ['a header alone', MEMBER.subarray(0, 10)],
    ['a header that never ends', Buffer.from([0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 3, 65, 66])],
    ['nothing', Buffer.alloc(0)],
    ['more than 1 MiB when expanded', gzipSync(Buffer.alloc(1024 * 1024 + 1))],
    ['more than 1 MiB in all of its members', Buffer.concat([gzipSync(Buffer.alloc(600_000)), gzipSync(Buffer.alloc(600_000))])],
    ['members without end', Buffer.concat(Array.from({ length: 100 }, () => gzipSync('')))],
  ])('is not passed on where it is %s', async (_, bytes) => {
    expect(await singleMember(bytes)).toBeUndefined();
  });

  it('begins with a header of RFC 1952, and not with what only looks like one', () => {
    expect([beginsGzip(MEMBER), beginsGzip(withFullHeader(MEMBER))]).toEqual([true, true]);
    const fields = [0, 1, 2, 3, 8, 9];
    const others = fields.map((field) => Buffer.from(MEMBER).fill(0xfe, field, field + 1));
    expect(others.map(beginsGzip)).toEqual(fields.map(() => false));
    expect(beginsGzip(MEMBER.subarray(0, 9))).toBe(false);
  });
});
