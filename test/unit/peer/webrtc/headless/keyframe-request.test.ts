import { expect, it } from 'vitest';
import { KeyframeRequests } from '../../../../../src/peer/webrtc/headless/keyframe-request.ts';

/** What stands behind the report and the name, as hexadecimal digits. */
function requestOf(compound: Buffer): string {
  expect(compound.subarray(0, 8).toString('hex')).toBe('80c9000100000001');
  const nameBytes = (compound.readUInt16BE(10) + 1) * 4;
  expect(compound.readUInt8(9)).toBe(202);
  return compound.subarray(8 + nameBytes).toString('hex');
}

it('writes a PLI behind a receiver report (RFC 4585 section 6.3.1)', () => {
  expect(requestOf(new KeyframeRequests(1).encode('pli', 0xdeadbeef))).toBe('81ce000200000001deadbeef');
});

it('writes a FIR with an entry for the media and a number of its own (RFC 5104 section 4.3.1.1)', () => {
  const requests = new KeyframeRequests(1);
  expect(requestOf(requests.encode('fir', 0xdeadbeef))).toBe('84ce00040000000100000000deadbeef01000000');
  expect(requestOf(requests.encode('fir', 0xdeadbeef))).toBe('84ce00040000000100000000deadbeef02000000');
});

it('counts FIR in a byte', () => {
  const requests = new KeyframeRequests(1);
  for (let count = 0; count < 256; count += 1) requests.encode('fir', 1);
  expect(requestOf(requests.encode('fir', 1))).toMatch(/01000000$/);
});
