import { parseRtcp } from '../../../src/media/rtp/rtcp.ts';
import { PathEstimate } from '../../../src/peer/egress/path-estimate.ts';
import { encodeTransportFeedback } from '../../support/transport-feedback.ts';
import { joinPackets, splitPackets } from '../packets.ts';
import { demand, type FuzzTarget } from '../target.ts';

/* What a viewer says of when packets arrived, and what is made of it. */

const CAPTURED = [
  '8fcd0005fa17fa17287adf50002a00020c3d180f2002386b',
  'afcd0006fa17fa17a99fa80f000200060c415901d454f20202020101',
  'afcd000bfa17fa17b5b339b00017002f0c415c03bbc00013b7ef89000000000000000000000100000000000000000003',
].map((digits) => Buffer.from(digits, 'hex'));

/** A path that slows down, as feedback tells it. */
const SLOWING = Array.from({ length: 12 }, (_, report) =>
  encodeTransportFeedback(
    Array.from({ length: 10 }, (__, packet) => ({
      sequence: report * 12 + packet,
      at: (report * 10 + packet) * (40 + report * 20),
    })),
    report,
  ),
);

const PACKETS_BETWEEN = 12;
const BYTES = 1200;

/** Each packet is one RTCP datagram of the viewer; between two of them packets are sent. */
const estimate: FuzzTarget = {
  name: 'path-estimate',
  form: 'packets',
  corpus: [joinPackets(CAPTURED), joinPackets(SLOWING)],
  run(input) {
    let nowMs = 0;
    const path = new PathEstimate(() => nowMs);
    for (const datagram of splitPackets(input)) {
      for (let packet = 0; packet < PACKETS_BETWEEN; packet += 1) {
        path.sent.add(BYTES, nowMs);
        nowMs += 10;
      }
      for (const message of parseRtcp(datagram).messages) {
        if (message.type === 'transport-feedback') path.takeFeedback(message);
        if (message.type === 'receiver-estimate') path.takeReceiverEstimate(message.bitsPerSecond);
      }
      const { kilobitsPerSecond, capacityBitsPerSecond } = path;
      demand(
        kilobitsPerSecond === null || (kilobitsPerSecond >= 30 && Number.isFinite(kilobitsPerSecond)),
        'an estimate is a rate',
      );
      demand(capacityBitsPerSecond === undefined || capacityBitsPerSecond > 0, 'whatever is reported, something may be sent');
    }
  },
};

export const CONGESTION_TARGETS: readonly FuzzTarget[] = [estimate];
