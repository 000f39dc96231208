import { createDecipheriv } from 'node:crypto';
import type { EgressTransport, SrtpKeys } from '../../../../src/peer/egress/transport.ts';

const KEYS: SrtpKeys = {
  profile: 'AEAD_AES_128_GCM',
  key: Buffer.alloc(16, 3),
  salt: Buffer.alloc(12, 5),
  authenticationKey: Buffer.alloc(20),
};

/** A viewer's path that keeps what it is sent. */
export class RecordingTransport implements EgressTransport {
  readonly keys: SrtpKeys;
  backlog = 0;
  datagrams: Buffer[] = [];
  rtcp: Buffer[] = [];

  constructor(keys: SrtpKeys = KEYS) {
    this.keys = keys;
  }

  datagram(length: number): Buffer {
    return Buffer.alloc(length);
  }

  send(datagram: Buffer): boolean {
    this.datagrams.push(datagram);
    return true;
  }

  cork(): void {}

  uncork(): void {}

  sendRtcp(compound: Buffer): void {
    this.rtcp.push(compound);
  }

  /** What was sent, as the viewer reads it. */
  get packets(): ReceivedPacket[] {
    return this.datagrams.map((datagram) => unprotect(datagram, this.keys));
  }
}

export interface ReceivedPacket {
  payloadType: number;
  marker: boolean;
  sequenceNumber: number;
  timestamp: number;
  ssrc: number;
  /** With its four bytes of profile and length; empty when there is none. */
  extension: Buffer;
  payload: Buffer;
}

/** The viewer's half of AEAD_AES_128_GCM (RFC 7714 sections 8 and 9), written here by hand. Throws when the tag is wrong. */
export function unprotect(datagram: Buffer, keys: SrtpKeys, rollOverCounter = 0): ReceivedPacket {
  const hasExtension = (datagram.readUInt8(0) & 0x10) !== 0;
  const headerLength = hasExtension ? 16 + datagram.readUInt16BE(14) * 4 : 12;
  const [sequenceNumber, timestamp, ssrc] = [datagram.readUInt16BE(2), datagram.readUInt32BE(4), datagram.readUInt32BE(8)];
  const iv = Buffer.alloc(12);
  iv.writeUInt32BE(ssrc, 2);
  iv.writeUInt32BE(rollOverCounter, 6);
  iv.writeUInt16BE(sequenceNumber, 10);
  const decipher = createDecipheriv('aes-128-gcm', keys.key, Buffer.from(iv.map((byte, at) => byte ^ (keys.salt[at] ?? 0))));
  decipher.setAAD(datagram.subarray(0, headerLength));
  decipher.setAuthTag(datagram.subarray(-16));
  const payload = Buffer.concat([decipher.update(datagram.subarray(headerLength, -16)), decipher.final()]);
  const second = datagram.readUInt8(1);
  const extension = datagram.subarray(12, headerLength);
  return { payloadType: second & 0x7f, marker: second >= 0x80, sequenceNumber, timestamp, ssrc, extension, payload };
}
