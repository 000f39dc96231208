import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { RtpSender } from '../../../../src/peer/egress/rtp-sender.ts';
import { createSrtpEgress } from '../../../../src/peer/egress/srtp.ts';
import { Feed, sendFrame } from './feed.ts';
import { RecordingTransport } from './recording-transport.ts';

/* AES-GCM breaks down where one nonce serves for two packets (RFC 7714 section 8.1): whatever a viewer asks for again. */

const PARAMETERS = {
  ssrc: 1,
  rtx: { ssrc: 2, payloadTypes: new Map([[102, 103]]) },
  cname: 'camera',
  mid: { extensionId: 1, value: '0' },
  transportSequence: { extensionId: 2 },
  sendTime: { extensionId: 3 },
  captureTime: { extensionId: 4 },
};

/** Pictures of two streams, of a codec with and one without a payload type of retransmission. */
const picture = fc.record({
  does: fc.constant('picture' as const),
  feed: fc.nat(1),
  payloadType: fc.constantFrom(102, 104),
  sizes: fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 4 }),
  keyframe: fc.boolean(),
});
/** Packets counted back from the newest, and after what time they are asked for. */
const question = fc.record({
  does: fc.constant('question' as const),
  back: fc.array(fc.integer({ min: -2, max: 40 }), { maxLength: 20 }),
  afterMs: fc.integer({ min: 0, max: 700 }),
});
const report = fc.record({ does: fc.constant('report' as const), clockMs: fc.nat(1000) });

it('no index of a stream ever carries anything but the very same bytes', () => {
  let repeated = 0;
  const steps = fc.array(fc.oneof(picture, picture, question, report), { minLength: 20, maxLength: 80 });
  fc.assert(
    fc.property(steps, (all) => {
      const transport = new RecordingTransport();
      const sender = new RtpSender(PARAMETERS, createSrtpEgress(transport), transport);
      // Some of it is let go in between.
      const feeds = [new Feed(4000), new Feed(10_000)];
      let nowMs = 1000;
      let newest = 0;
      for (const step of all) {
        if (step.does === 'report') sender.sendReport(nowMs + step.clockMs, nowMs * 90, nowMs);
        if (step.does === 'question') {
          nowMs += step.afterMs;
          sender.retransmit(
            step.back.map((back) => (newest - back) & 0xffff),
            nowMs,
          );
        }
        if (step.does === 'picture') {
          const payloads = step.sizes.map((size) => Buffer.alloc(size, transport.datagrams.length));
          const frame = feeds[step.feed]?.frame(payloads, step);
          if (frame !== undefined) sendFrame(sender, frame, nowMs);
          newest = transport.datagrams.findLast((datagram) => datagram.readUInt32BE(8) === 1)?.readUInt16BE(2) ?? 0;
          nowMs += 40;
        }
      }
      const sent = new Map<string, Buffer>();
      const others: Buffer[] = [];
      for (const datagram of transport.datagrams) {
        const nonce = `${datagram.readUInt32BE(8)}/${datagram.readUInt16BE(2)}`;
        const before = sent.get(nonce);
        if (before?.equals(datagram) === false) others.push(datagram);
        if (before !== undefined) repeated += 1;
        sent.set(nonce, datagram);
      }
      expect(others).toEqual([]);
    }),
    { seed: 1, numRuns: 100 },
  );
  expect(repeated).toBeGreaterThan(100);
});
