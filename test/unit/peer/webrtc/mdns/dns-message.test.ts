import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeQuestion, readAddresses } from '../../../../../src/peer/webrtc/mdns/dns-message.ts';

/** `viewer.local` as DNS writes it (RFC 1035 section 3.1). */
const NAME = '06766965776572056c6f63616c00';
const header = (counts: string, flags = '8400'): string => `0000${flags}${counts}`;
const record = (name: string, type: string, data: string): string =>
  `${name}${type}8001000000780${(data.length / 2).toString(16).padStart(3, '0')}${data}`;
const read = (hex: string): unknown => readAddresses(Buffer.from(hex, 'hex'));
const V4 = record(NAME, '0001', 'c0a80109');
const V6 = '20010db8000000000000000000000009';

describe('a question by multicast DNS', () => {
  it('asks for both families of addresses', () => {
    const expected = `000000000002000000000000${NAME}00010001${NAME}001c0001`;
    expect(encodeQuestion('viewer.local').toString('hex')).toBe(expected);
  });
});

describe('an answer by multicast DNS', () => {
  it('holds addresses, also in its last section and with names that point back', () => {
    expect(read(header('0000000100000000') + V4)).toEqual([{ name: 'viewer.local', address: '192.168.1.9' }]);
    const both = header('0000000100000001') + V4 + record('c00c', '001c', V6);
    expect(read(both)).toEqual([
      { name: 'viewer.local', address: '192.168.1.9' },
      { name: 'viewer.local', address: '2001:db8:0:0:0:0:0:9' },
    ]);
    expect(read(header('0001000100000000') + NAME + '00010001' + record('c00c', '0001', 'c0a80109'))).toEqual([
      { name: 'viewer.local', address: '192.168.1.9' },
    ]);
  });

  it('leaves out what is no address, and stops where it is cut short', () => {
    expect(read(header('0000000200000000') + record(NAME, '0010', 'abcd') + V4)).toEqual([
      { name: 'viewer.local', address: '192.168.1.9' },
    ]);
    expect(read(header('0000000200000000') + V4 + NAME + '0001800100')).toEqual([
      { name: 'viewer.local', address: '192.168.1.9' },
    ]);
    expect(read(header('0000000100000000') + V4.slice(0, -2))).toEqual([]);
  });

  it('is none where it is a question, or its names go in circles', () => {
    expect(read(header('0000000100000000', '0000') + V4)).toEqual([]);
    expect(read(header('0000000100000000') + record('c00c', '0001', 'c0a80109'))).toEqual([]);
  });

  it('may hold any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const message = Buffer.concat([Buffer.from('000084000001000200000001', 'hex'), bytes]);
        expect(readAddresses(message).length).toBeLessThanOrEqual(3);
      }),
    );
  });
});
