import { KeyObject } from 'node:crypto';
import { Socket } from 'node:dgram';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Connection, StunProtocol, RTCDtlsTransport, RTCRtpSender, type RtcpPacket, type RtpPacket } from 'werift';
import { encodeSenderReport } from '../../../../src/media/rtp/rtcp.ts';
import { RtpSender } from '../../../../src/peer/egress/rtp-sender.ts';
import { createSrtpEgress } from '../../../../src/peer/egress/srtp.ts';
import { prepareKeys } from '../../../../src/peer/webrtc/prepared-keys.ts';
import { join, joined, makeViewer, WAIT } from './loopback-viewer.ts';

it('data channels go by keys of DTLS that Node has prepared', async () => {
  const { viewer } = await joined();
  prepareKeys(viewer.transport);
  const cipher = viewer.transport.dtls?.cipher.cipher as unknown as Record<string, unknown>;
  expect(cipher['clientWriteKey']).toBeInstanceOf(KeyObject);
  expect(cipher['serverWriteKey']).toBeInstanceOf(KeyObject);
  expect((await viewer.openChannel('metadata')).readyState).toBe('open');
});

describe('media of a connected peer', () => {
  it('are those of the answer, with the names and sources of the offer', async () => {
    const { viewer, media } = await joined();
    const { video, audio } = media;
    expect(video).toMatchObject({
      payloadTypes: new Map([['H264', 102]]),
      rtx: { payloadTypes: new Map([[102, 103]]) },
      mid: { value: '0' },
    });
    expect(audio?.payloadTypes).toEqual(
      new Map([
        ['OPUS', 111],
        ['PCMU', 0],
        ['PCMA', 8],
      ]),
    );
    expect(audio?.mid).toEqual({ extensionId: video?.mid?.extensionId, value: '1' });
    const described = viewer.connection.remoteDescription?.sdp ?? '';
    expect(described).toContain(`a=ssrc-group:FID ${video?.ssrc} ${video?.rtx?.ssrc}`);
    for (const track of [video, audio]) expect(described).toContain(`a=ssrc:${track?.ssrc} cname:${track?.cname}`);
  });

  it('are encrypted with the keys of the connection: the viewer reads what our egress protects', async () => {
    const { viewer, media, transport } = await joined();
    const received: RtpPacket[] = [];
    viewer.transport.onRtp.subscribe((packet) => received.push(packet));
    const { video } = media;
    if (video === undefined) throw new Error('no video');
    const sender = new RtpSender(video, createSrtpEgress(transport), transport);
    for (const text of ['one', 'two', 'three'])
      sender.send(Buffer.from(text), video.payloadTypes.get('H264') ?? 0, text === 'three', 90_000);
    await vi.waitUntil(() => received.length === 3, WAIT);
    expect(received.map(({ payload }) => payload.toString())).toEqual(['one', 'two', 'three']);
    expect(received.map(({ header }) => [header.ssrc, header.payloadType, header.marker])).toEqual([
      [video.ssrc, 102, false],
      [video.ssrc, 102, false],
      [video.ssrc, 102, true],
    ]);
    const [first, second] = received.map(({ header }) => header);
    expect(second?.sequenceNumber).toBe((first?.sequenceNumber ?? 0) + 1);
    expect(first?.extensions.map(({ id, payload }) => [id, payload.toString('latin1')])).toEqual([
      [video.mid?.extensionId, '0'],
      [video.transportSequence?.extensionId, '\0\0'],
    ]);
  });

  it.each([
    ['AEAD_AES_128_GCM', 0x0007],
    ['AES_CM_128_HMAC_SHA1_80', 0x0001],
  ])('can be protected by %s, whichever the viewer takes', async (profile, id) => {
    const viewer = makeViewer();
    viewer.srtpProfile = id;
    const { media, transport } = await joined(viewer);
    expect(transport.keys.profile).toBe(profile);
    const received: RtpPacket[] = [];
    viewer.transport.onRtp.subscribe((packet) => received.push(packet));
    const { audio } = media;
    if (audio === undefined) throw new Error('no audio');
    new RtpSender(audio, createSrtpEgress(transport), transport).send(Buffer.from('sound'), 0, true, 1);
    await vi.waitUntil(() => received.length === 1, WAIT);
    expect(received[0]?.payload.toString()).toBe('sound');
  });
});

describe('RTCP of a connected peer', () => {
  it('brings our sender reports to the viewer, and no others', async () => {
    const stock = vi.spyOn(RTCRtpSender.prototype, 'runRtcp');
    onTestFinished(() => stock.mockRestore());
    const { viewer, media, transport } = await joined();
    const received: RtcpPacket[] = [];
    viewer.transport.onRtcp.subscribe((packet) => received.push(packet));
    const ssrc = media.video?.ssrc ?? 0;
    const unixMs = Date.UTC(2026, 0, 2, 3, 4, 5, 250);
    transport.sendRtcp(encodeSenderReport({ ssrc, unixMs, rtpTimestamp: 4711, packets: 3, octets: 99 }, 'name'));
    await vi.waitUntil(() => received.length === 2, WAIT);
    // A quarter of a second past the full second, as NTP (RFC 3550 section 4): 2208988800 s from 1900 to 1970.
    const ntpTimestamp = (BigInt(Math.floor(unixMs / 1000) + 2_208_988_800) << 32n) + (1n << 30n);
    expect(received[0]).toMatchObject({
      type: 200,
      ssrc,
      senderInfo: { ntpTimestamp, rtpTimestamp: 4711, packetCount: 3, octetCount: 99 },
    });
    expect(received[1]).toMatchObject({ type: 202, chunks: [{ source: ssrc, items: [{ type: 1, text: 'name' }] }] });
    expect(stock).not.toHaveBeenCalled();
  });

  it('brings receiver report, NACK, PLI, and FIR with media source 0 from the viewer', async () => {
    const { viewer, told, media } = await joined();
    const ssrc = media.video?.ssrc ?? 0;
    const [own, source, none] = [0x1111_1111, ssrc, 0];
    const compound = Buffer.concat([
      // Receiver report with one block: 1/4 lost, 5 in all, highest 0x1_0002, jitter 6, last report and delay.
      packet(201, 1, [own, source, 0x4000_0005, 0x0001_0002, 6, 0x0a0b_0c0d, 0x0000_8000]),
      // Generic NACK of 100 and 102.
      packet(205, 1, [own, source, (100 << 16) | 0b10]),
      packet(206, 1, [own, source]),
      packet(206, 4, [own, none, source, 7 << 24]),
    ]);
    await viewer.sendRtcp(compound);
    await vi.waitUntil(() => told.rtcp.some(({ type }) => type === 'fir'), WAIT);
    const fromUs = told.rtcp.filter((message) => 'ssrc' in message && message.ssrc === own);
    expect(fromUs).toEqual([
      {
        type: 'receiver-report',
        ssrc: own,
        reports: [
          {
            ssrc,
            fractionLost: 64,
            cumulativeLost: 5,
            extendedHighestSequence: 0x1_0002,
            jitter: 6,
            lastSenderReport: 0x0a0b_0c0d,
            delaySinceLastSenderReport: 0x8000,
          },
        ],
      },
      { type: 'nack', ssrc: own, mediaSsrc: ssrc, sequenceNumbers: [100, 102] },
      { type: 'pli', ssrc: own, mediaSsrc: ssrc },
      { type: 'fir', ssrc: own, entries: [{ ssrc, sequence: 7 }] },
    ]);
  });

  it('survives bytes that are no RTCP', async () => {
    const { viewer, told } = await joined();
    for (const bytes of [Buffer.from('80c80001', 'hex'), packet(205, 1, [1]), packet(206, 4, [1, 0, 5]), packet(201, 31, [1])]) {
      await viewer.sendRtcp(Buffer.concat([bytes, Buffer.alloc(8 - Math.min(8, bytes.length))]));
    }
    await viewer.sendRtcp(packet(206, 1, [42, 43]));
    await vi.waitUntil(() => told.rtcp.some((message) => message.type === 'pli' && message.ssrc === 42), WAIT);
    expect(told.disconnected).toEqual([]);
  });
});

describe('DTLS of a peer', () => {
  it('uses a ClientHello that came before it listened, so that the viewer sends no second one', async () => {
    const { start } = RTCDtlsTransport.prototype as { start: (this: RTCDtlsTransport) => Promise<void> };
    const released = Promise.withResolvers<void>();
    const hellos: Buffer[] = [];
    const held = vi.spyOn(RTCDtlsTransport.prototype, 'start').mockImplementation(async function (this: RTCDtlsTransport) {
      if (this.iceTransport.role === 'controlling') {
        this.iceTransport.connection.onData.subscribe((datagram) => {
          if (!isFirstClientHello(datagram) || hellos.includes(datagram)) return;
          hellos.push(datagram);
          released.resolve();
        });
        await released.promise;
      }
      await start.call(this);
    });
    onTestFinished(() => held.mockRestore());
    await joined();
    expect(hellos).toHaveLength(1);
  });
});

describe('data channels of a peer', () => {
  it('come with the protocol that the viewer chose, carry messages, and are closed', async () => {
    const { viewer, told } = await joined();
    const theirs = await viewer.openChannel('vnd.onvif.metadata+gzip');
    const [ours] = await vi.waitUntil(() => told.channels.length > 0 && told.channels, WAIT);
    expect([ours?.protocol, ours?.open, ours?.bufferedAmount]).toEqual(['vnd.onvif.metadata+gzip', true, 0]);
    const messages: (string | Buffer)[] = [];
    theirs.onMessage.subscribe((message) => messages.push(message));
    const sent = Buffer.alloc(16_384, 7);
    ours?.send(sent);
    expect(ours?.bufferedAmount).toBeGreaterThan(0);
    await vi.waitUntil(() => messages.length > 0 && ours?.bufferedAmount === 0, WAIT);
    expect(messages).toEqual([sent]);
    ours?.close();
    await vi.waitUntil(() => theirs.readyState === 'closed', WAIT);
    expect(ours?.open).toBe(false);
  });

  it('are not in the way of one another when the viewer sends what is no SCTP, or no data channel message', async () => {
    const { viewer, told } = await joined();
    const theirs = await viewer.openChannel('first');
    const { dtls } = viewer.transport;
    const { sctp } = viewer.connection.sctpTransport ?? {};
    for (const bytes of ['', '00', 'ff'.repeat(11), '00'.repeat(12), '1388138800000000aabbccdd01000004']) {
      await dtls?.send(Buffer.from(bytes, 'hex'));
    }
    // DATA_CHANNEL_ACK for a channel that is not, DATA_CHANNEL_OPEN cut short (RFC 8832 section 5), a payload protocol that is none.
    await sctp?.send(4000, 50, Buffer.from([2]), { ordered: true });
    await sctp?.send(4001, 50, Buffer.from([3, 0]), { ordered: true });
    await sctp?.send(theirs.id ?? 0, 4711, Buffer.from('?'), { ordered: true });
    await viewer.openChannel('second');
    await vi.waitFor(() => expect(told.channels.map(({ protocol }) => protocol)).toEqual(['first', 'second']), WAIT);
    expect(told.disconnected).toEqual([]);
  });
});

describe('the path of a connected peer', () => {
  it('says how many bytes wait in the socket', async () => {
    const { transport } = await joined();
    expect(transport.backlog).toBe(0);
    const queue = vi.spyOn(Socket.prototype, 'getSendQueueSize').mockReturnValue(4711);
    onTestFinished(() => queue.mockRestore());
    expect(transport.backlog).toBe(4711);
  });

  it('takes nothing while the viewer has not confirmed that it wants it (RFC 7675)', async () => {
    const { viewer, told, transport } = await joined();
    const { connection } = viewer.transport.iceTransport;
    const consent = vi.spyOn(Connection.prototype as unknown as { canSendApplicationData(): boolean }, 'canSendApplicationData');
    consent.mockReturnValue(false);
    onTestFinished(() => consent.mockRestore());
    const received: Buffer[] = [];
    connection.onData.subscribe((datagram) => received.push(datagram));
    expect(transport.send(Buffer.alloc(20, 0x80))).toBe(false);
    consent.mockReturnValue(true);
    expect(transport.send(Buffer.alloc(20, 0x81))).toBe(true);
    await vi.waitUntil(() => received.length > 0, WAIT);
    expect(received.filter((datagram) => datagram.length === 20)).toEqual([Buffer.alloc(20, 0x81)]);
    expect(told.disconnected).toEqual([]);
  });

  it('takes nothing more once the peer is closed', async () => {
    const { peer, transport } = await joined();
    expect(transport.send(Buffer.alloc(20, 0x80))).toBe(true);
    await peer.close();
    expect(transport.send(Buffer.alloc(20, 0x80))).toBe(false);
    expect(transport.backlog).toBe(0);
    transport.sendRtcp(encodeSenderReport({ ssrc: 1, unixMs: 0, rtpTimestamp: 0, packets: 0, octets: 0 }, ''));
  });

  it('is over when the viewer closes its DTLS connection', async () => {
    const { viewer, told } = await joined();
    await viewer.leave();
    await vi.waitUntil(() => told.disconnected.length > 0, WAIT);
    expect(told.disconnected.map(({ code }) => code)).toEqual(['session.left']);
  });

  it('is over when the viewer aborts its SCTP association', async () => {
    const { viewer, told } = await joined();
    await viewer.openChannel('any');
    await viewer.connection.sctpTransport?.sctp.abort();
    await vi.waitUntil(() => told.disconnected.length > 0, WAIT);
    expect(told.disconnected.map(({ code }) => code)).toEqual(['session.left']);
  });

  it('is not over by a goodbye in clear, which anybody can send, nor by one that nobody can read', async () => {
    const { viewer, told } = await joined();
    const { connection } = viewer.transport.iceTransport;
    // An alert record: warning, close_notify (RFC 5246 section 7.2); of epoch 0, of epoch 1, and cut short.
    for (const record of ['15fefd000000000000000000020100', '15fefd000100000000000900020100', '15fefd0001000000000009002001'])
      await connection.send(Buffer.from(record, 'hex'));
    const theirs = await viewer.openChannel('after');
    expect(theirs.readyState).toBe('open');
    expect(told.disconnected).toEqual([]);
  });

  it('tells the viewer at once that it closes', async () => {
    const { peer, viewer } = await joined();
    const channel = await viewer.openChannel('any');
    const alerts: (Buffer | undefined)[] = [];
    const { dtls } = viewer.transport;
    dtls?.onClose.subscribe(() => alerts.push(undefined));
    await peer.close();
    await vi.waitFor(() => expect([channel.readyState, alerts.length]).toEqual(['closed', 1]), WAIT);
  });

  it('is closed soon where it takes nothing, not even a goodbye', async () => {
    const { peer, transport } = await joined();
    const stalled = vi.spyOn(StunProtocol.prototype, 'sendData').mockReturnValue(new Promise(() => undefined));
    onTestFinished(() => stalled.mockRestore());
    const closed = vi.spyOn(StunProtocol.prototype, 'close');
    onTestFinished(() => closed.mockRestore());
    await peer.close();
    expect(closed).toHaveBeenCalled();
    expect(transport.send(Buffer.alloc(20, 0x80))).toBe(false);
  });

  it('says nothing of its own end', async () => {
    const { peer, told } = await joined();
    await peer.close();
    await peer.close();
    expect(told.disconnected).toEqual([]);
  });

  it('takes no candidate that is none, and goes on', async () => {
    const { peer, told } = await join();
    await expect(peer.addCandidate({ candidate: 'candidate:nonsense' })).rejects.toMatchObject({ code: 'session.candidate' });
    await vi.waitUntil(() => told.connected.length > 0, WAIT);
  });

  it('on loopback looks up no multicast name', async () => {
    const { peer } = await join();
    const multicast = vi.spyOn(Socket.prototype, 'addMembership');
    const send = vi.spyOn(Socket.prototype, 'send');
    onTestFinished(() => {
      multicast.mockRestore();
      send.mockRestore();
    });
    await peer.addCandidate({ candidate: 'candidate:1 1 udp 2113937151 0b4c1e52.local 50000 typ host', sdpMLineIndex: 0 });
    expect(multicast).not.toHaveBeenCalled();
    expect(send.mock.calls.flat().filter((parameter) => parameter === '224.0.0.251')).toEqual([]);
  });
});

/** One RTCP packet of 32-bit words (RFC 3550 section 6.4, RFC 4585 section 6.1). */
function packet(type: number, count: number, words: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 + words.length * 4);
  bytes.writeUInt8(0x80 | count, 0);
  bytes.writeUInt8(type, 1);
  bytes.writeUInt16BE(words.length, 2);
  for (const [at, word] of words.entries()) bytes.writeUInt32BE(word >>> 0, 4 + at * 4);
  return bytes;
}

/** A handshake record whose message is a ClientHello without cookie (RFC 6347 sections 4.1 and 4.2). */
function isFirstClientHello(datagram: Buffer): boolean {
  if (datagram.length < 61 || datagram[0] !== 22 || datagram[13] !== 1) return false;
  const sessionId = datagram.readUInt8(13 + 12 + 2 + 32);
  return datagram[13 + 12 + 2 + 32 + 1 + sessionId] === 0;
}
