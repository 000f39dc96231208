import { createCipheriv } from 'node:crypto';
import { expect, it } from 'vitest';
import { createSrtpEgress } from '../../../../src/peer/egress/srtp.ts';
import { hex } from '../../media/rtp-bytes.ts';
import { describeSrtpEgress } from './srtp-egress-contract.ts';

describeSrtpEgress('Node', createSrtpEgress);

it('the session key of RFC 3711 appendix B.3 is that of the master key in the self-test of libsrtp', () => {
  // Label 0 under the master salt gives the session key (section 4.3.1): the vectors of the contract are of one key.
  const iv = Buffer.concat([hex('0ec675ad498afeebb6960b3aabe6'), hex('0000')]);
  const cipher = createCipheriv('aes-128-ctr', hex('e1f97a0d3e018be0d64fa32c06de4139'), iv);
  expect(cipher.update(Buffer.alloc(16))).toEqual(hex('c61e7a93744f39ee10734afe3ff7a087'));
});
