import { RtpHeader, SrtcpSession, SrtpSession, type RTCDtlsTransport } from 'werift';
import { expect, it, onTestFinished } from 'vitest';
import { MediaReception } from '../../../../../src/peer/webrtc/headless/media-reception.ts';
import { ReceivedTrack } from '../../../../../src/peer/webrtc/headless/received-track.ts';

const SSRC = 7;
const AEAD_AES_128_GCM = 0x0007;

interface Reception {
  /** A datagram comes from the other side. */
  receive: (datagram: Buffer) => void;
  /** What werift is left with. */
  toWerift: Buffer[];
  becomeSecure: () => void;
  protect: (sequenceNumber: number, ssrc?: number, payloadType?: number) => Buffer;
  packetsReceived: () => unknown;
}

/** A reception on a transport that is no more than what the reception touches. */
function reception(ssrc?: number): Reception {
  const keys = (local: number, remote: number): ConstructorParameters<typeof SrtpSession>[0] => ({
    keys: {
      localMasterKey: Buffer.alloc(16, local),
      localMasterSalt: Buffer.alloc(12, local),
      remoteMasterKey: Buffer.alloc(16, remote),
      remoteMasterSalt: Buffer.alloc(12, remote),
    },
    profile: AEAD_AES_128_GCM,
  });
  const toWerift: Buffer[] = [];
  const listeners: ((state: string) => void)[] = [];
  const onData = { execute: (datagram: Buffer) => void toWerift.push(datagram) };
  const transport = {
    iceTransport: { connection: { onData } },
    sendRtcp: () => Promise.resolve(),
    onStateChange: { subscribe: (listener: (state: string) => void) => listeners.push(listener) },
    srtp: new SrtpSession(keys(1, 2)),
    srtcp: new SrtcpSession(keys(1, 2)),
  };
  const track = new ReceivedTrack('video', () => undefined);
  const received = new MediaReception(transport as unknown as RTCDtlsTransport);
  onTestFinished(() => received.close());
  const kinds = new Map([[102, 'video' as const]]);
  received.accept({ kinds, repairedTypes: new Map(), asksForMissing: false, transportSequenceId: undefined }, [{ track, ssrc }]);
  const sender = new SrtpSession(keys(2, 1));
  return {
    receive: (datagram) => onData.execute(datagram),
    toWerift,
    becomeSecure: () => {
      for (const listener of listeners) listener('connected');
    },
    protect: (sequenceNumber, source = SSRC, payloadType = 102) =>
      sender.encrypt(Buffer.from([9]), new RtpHeader({ payloadType, sequenceNumber, timestamp: 0, ssrc: source })),
    packetsReceived: () => track.statistics(new Map(), 0).at(-1)?.['packetsReceived'],
  };
}

it('packets that come before the connection is secure are opened once it is', () => {
  const { receive, becomeSecure, protect, packetsReceived } = reception(SSRC);
  for (const sequenceNumber of [1, 2]) receive(protect(sequenceNumber));
  expect(packetsReceived()).toBe(0);
  becomeSecure();
  expect(packetsReceived()).toBe(2);
  receive(protect(3));
  expect(packetsReceived()).toBe(3);
});

it('no more of them are kept than a first picture has', () => {
  const { receive, becomeSecure, protect, packetsReceived } = reception(SSRC);
  for (let sequenceNumber = 1; sequenceNumber <= 1001; sequenceNumber += 1) receive(protect(sequenceNumber));
  becomeSecure();
  expect(packetsReceived()).toBe(1000);
});

it('what is forged is passed over, and moves no counter', () => {
  const { receive, becomeSecure, protect, packetsReceived } = reception(SSRC);
  becomeSecure();
  receive(protect(40_000));
  const forged = Buffer.from(protect(40_001));
  forged.writeUInt16BE(65_000, 2);
  for (const datagram of [forged, forged.subarray(0, 12), forged.subarray(0, 3), Buffer.from([0x80])]) receive(datagram);
  expect(packetsReceived()).toBe(1);
  receive(protect(40_002));
  // The one before is waited for.
  receive(protect(40_001));
  expect(packetsReceived()).toBe(3);
});

it('what is not RTP stays with werift', () => {
  const { receive, toWerift } = reception(SSRC);
  const others = [[0, 1], [20, 254], [63], [0x80, 200], [0x80, 206], [192, 0], []].map((bytes) => Buffer.from(bytes));
  for (const datagram of others) receive(datagram);
  expect(toWerift).toEqual(others);
  receive(Buffer.from([0x80, 102]));
  expect(toWerift).toHaveLength(others.length);
});

it('of a source that the offer names nothing else is taken, and what comes where it names none', () => {
  const named = reception(SSRC);
  named.becomeSecure();
  named.receive(named.protect(1));
  named.receive(named.protect(2, SSRC + 1));
  expect(named.packetsReceived()).toBe(1);
  const unnamed = reception();
  unnamed.becomeSecure();
  unnamed.receive(unnamed.protect(1, SSRC + 1));
  unnamed.receive(unnamed.protect(2, SSRC + 1, 103));
  expect(unnamed.packetsReceived()).toBe(1);
});
