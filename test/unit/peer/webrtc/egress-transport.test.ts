import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { UdpTransport, type RTCDtlsTransport } from 'werift';
import { WeriftEgressTransport } from '../../../../src/peer/webrtc/egress-transport.ts';
import { guardUdpSockets } from '../../../../src/peer/webrtc/udp-socket-guard.ts';

const MEBIBYTE = 1024 * 1024;
const VIEWER: [string, number] = ['192.0.2.9', 6000];

/** The sending side of a connection whose nominated pair is the one given. */
function transportOver(protocol: object, remoteAddr = VIEWER): WeriftEgressTransport {
  const connection = { canSendApplicationData: () => true, nominated: { protocol, remoteAddr } };
  const srtp = { localContext: { profile: 1, srtpSessionSalt: Buffer.alloc(14) } };
  const srtcp = { encrypt: (compound: Buffer) => compound };
  return new WeriftEgressTransport({ srtp, srtcp, iceTransport: { connection } } as unknown as RTCDtlsTransport, () => undefined);
}

function send(transport: WeriftEgressTransport, text: string): boolean {
  const datagram = transport.datagram(text.length);
  datagram.write(text);
  return transport.send(datagram);
}

/** A TCP connection that nobody reads from. */
class StuckSocket {
  writable = true;
  written: Buffer[] = [];
  get writableLength(): number {
    return this.written.reduce((sum, { length }) => sum + length, 0);
  }

  write(bytes: Buffer): void {
    this.written.push(bytes);
  }
}

/** A relay with a channel to the viewer, as werift holds it. */
function relay(transport: object, channel: object | null = { number: 0x4001, refreshAt: Date.now() / 1000 + 60 }): object {
  const channelByAddr = { [JSON.stringify(VIEWER)]: channel ?? undefined };
  return { turn: { transport, channelByAddr, channelBindingByAddr: new Map(), pinnedServerEndpoint: ['192.0.2.1', 3478] } };
}

const STREAMS: [string, (socket: object) => object][] = [
  ['TCP', (socket) => ({ sockets: new Map([['192.0.2.9:6000', { socket }]]) })],
  ['a relay over TCP', (client) => relay({ type: 'tcp', stream: { client } })],
];

it.each(STREAMS)('a path over %s that takes nothing is not written to without end, nor once it is gone', (_, protocolOn) => {
  const socket = new StuckSocket();
  const transport = transportOver(protocolOn(socket));
  while (socket.written.length < 1000 && send(transport, 'x'.repeat(60_000)));
  expect(transport.backlog).toBeGreaterThan(4 * MEBIBYTE);
  expect(transport.backlog).toBeLessThan(5 * MEBIBYTE);
  const { length } = socket.written;
  transport.sendRtcp(Buffer.alloc(60_000));
  expect(socket.written).toHaveLength(length);
  socket.written = [];
  expect(send(transport, 'again')).toBe(true);
  socket.writable = false;
  expect(send(transport, 'gone')).toBe(false);
  expect(socket.written).toHaveLength(1);
});

it.each(STREAMS)('over %s what waits takes memory of its own length, of which it is all', (_, protocolOn) => {
  const socket = new StuckSocket();
  const transport = transportOver(protocolOn(socket));
  for (let length = 100; length < 200; length += 1) send(transport, 'x'.repeat(length));
  const memories = new Set(socket.written.map(({ buffer }) => buffer));
  expect(memories.size).toBe(100);
  expect([...memories].reduce((sum, { byteLength }) => sum + byteLength, 0)).toBe(transport.backlog);
});

it.each(STREAMS)('over %s reports are left out while half a megabyte waits, and sent again when it has gone', (_, protocolOn) => {
  const socket = new StuckSocket();
  const transport = transportOver(protocolOn(socket));
  for (let count = 0; count < 1000; count += 1) transport.sendRtcp(Buffer.alloc(2000));
  expect(transport.backlog).toBeGreaterThan(MEBIBYTE / 2);
  expect(transport.backlog).toBeLessThan(MEBIBYTE / 2 + 4000);
  socket.written = [];
  transport.sendRtcp(Buffer.alloc(100));
  expect(socket.written).toHaveLength(1);
});

it('over TCP each datagram stands behind its length (RFC 4571 section 2), in memory that is not written to again', () => {
  const socket = new StuckSocket();
  const transport = transportOver({ sockets: new Map([['192.0.2.9:6000', { socket }]]) });
  for (const text of ['first', 'second', 'third']) expect(send(transport, text)).toBe(true);
  expect(socket.written.map(String)).toEqual(['\0\x05first', '\0\x06second', '\0\x05third']);
});

it('over a relay each datagram is ChannelData (RFC 8656 section 12.4), over TCP filled up to whole words', () => {
  const socket = new StuckSocket();
  const transport = transportOver(relay({ type: 'tcp', stream: { client: socket } }));
  for (const text of ['abcd', 'abcde', 'abcdefg']) expect(send(transport, text)).toBe(true);
  expect(socket.written.map((bytes) => bytes.subarray(0, 4).toString('hex'))).toEqual(['40010004', '40010005', '40010007']);
  expect(socket.written.map(({ length }) => length)).toEqual([8, 12, 12]);
  expect(socket.written.map((bytes) => bytes.toString('latin1', 4, 4 + bytes.readUInt16BE(2)))).toEqual([
    'abcd',
    'abcde',
    'abcdefg',
  ]);
});

it('what ChannelData is filled up with is zeros, and nothing that stood in memory', () => {
  const used = vi.spyOn(Buffer, 'allocUnsafeSlow').mockImplementation((length) => Buffer.alloc(length, 0xff));
  onTestFinished(() => used.mockRestore());
  const socket = new StuckSocket();
  const transport = transportOver(relay({ type: 'tcp', stream: { client: socket } }));
  for (const text of ['abcde', 'abcdef', 'abcdefg', 'abcdefgh']) send(transport, text);
  expect(socket.written.map((bytes) => bytes.toString('latin1', 4))).toEqual([
    'abcde\0\0\0',
    'abcdef\0\0',
    'abcdefg\0',
    'abcdefgh',
  ]);
});

it.each([
  ['not bound yet', relay({ type: 'udp' }, null)],
  ['to be bound anew', relay({ type: 'udp' }, { number: 0x4001, refreshAt: Date.now() / 1000 - 1 })],
])('over a relay whose channel is %s werift sends, and binds it', (_, protocol) => {
  const sent: Buffer[] = [];
  const sendData = (datagram: Buffer): Promise<void> => Promise.resolve(void sent.push(datagram));
  const transport = transportOver({ ...protocol, sendData });
  for (const text of ['first', 'other']) expect(send(transport, text)).toBe(true);
  expect(sent.map(String)).toEqual(['first', 'other']);
});

/** A socket as werift makes it, and what arrives where it sends to. */
async function udp(): Promise<{ beneath: UdpTransport; viewer: Socket; arrived: string[] }> {
  guardUdpSockets();
  const viewer = createSocket('udp4');
  onTestFinished(() => void viewer.close());
  viewer.bind(0, '127.0.0.1');
  await once(viewer, 'listening');
  const arrived: string[] = [];
  viewer.on('message', (bytes) => arrived.push(bytes.toString('latin1')));
  const beneath = await UdpTransport.init('udp4', { interfaceAddresses: { udp4: '127.0.0.1' } });
  onTestFinished(() => beneath.close());
  return { beneath, viewer, arrived };
}

it('over UDP one memory serves for datagram after datagram: each has gone when send returns', async () => {
  const { beneath, viewer, arrived } = await udp();
  const transport = transportOver({ transport: beneath }, ['127.0.0.1', viewer.address().port]);
  const memories = new Set<ArrayBufferLike>();
  for (const text of ['first', 'second', 'third']) {
    memories.add(transport.datagram(text.length).buffer);
    expect(send(transport, text)).toBe(true);
    transport.datagram(text.length).fill(0);
  }
  expect(memories.size).toBe(1);
  await vi.waitFor(() => expect(arrived).toEqual(['first', 'second', 'third']));
  await beneath.close();
  expect([send(transport, 'late'), transport.backlog]).toEqual([false, 0]);
});

it('over a relay by UDP, too', async () => {
  const { beneath, viewer, arrived } = await udp();
  const protocol = relay(beneath) as { turn: { pinnedServerEndpoint: [string, number] } };
  protocol.turn.pinnedServerEndpoint = ['127.0.0.1', viewer.address().port];
  const transport = transportOver(protocol);
  for (const text of ['first', 'second']) expect(send(transport, text)).toBe(true);
  await vi.waitFor(() => expect(arrived).toEqual(['@\x01\0\x05first', '@\x01\0\x06second']));
});

it.each([
  ['that waits in the socket', true, 1],
  ['that a socket of another make looks up', false, 0],
])('over UDP the memory of a datagram %s is not written to again', async (_, isGuarded, waiting) => {
  const { beneath } = await udp();
  const sent: Buffer[] = [];
  const socket = isGuarded ? beneath.socket : createSocket('udp4');
  vi.spyOn(socket, 'send').mockImplementation((datagram) => void sent.push(datagram as Buffer));
  vi.spyOn(socket, 'getSendQueueCount').mockReturnValue(waiting);
  const transport = transportOver({ transport: { type: 'udp', socket, closed: false } });
  for (const text of ['first', 'other']) expect(send(transport, text)).toBe(true);
  expect(sent.map(String)).toEqual(['first', 'other']);
});

describe('while it is corked', () => {
  /** What the system was given so far. */
  async function corked(): Promise<{ transport: WeriftEgressTransport; sent: string[]; beneath: { closed: boolean } }> {
    const { socket } = (await udp()).beneath;
    const sent: string[] = [];
    vi.spyOn(socket, 'send').mockImplementation((datagram) => void sent.push((datagram as Buffer).toString('latin1')));
    const beneath = { type: 'udp', socket, closed: false };
    const transport = transportOver({ transport: beneath });
    transport.cork();
    onTestFinished(() => transport.uncork());
    return { transport, sent, beneath };
  }

  it('holds what goes by UDP, each in memory of its own, until it is uncorked; from then on nothing', async () => {
    const { transport, sent } = await corked();
    const texts = ['first', 'second', 'third', 'fourth'];
    for (const text of texts) expect(send(transport, text)).toBe(true);
    expect(sent).toEqual([]);
    transport.uncork();
    expect(sent).toEqual(texts);
    send(transport, 'fifth');
    expect(sent).toEqual([...texts, 'fifth']);
    transport.uncork();
    expect(sent).toHaveLength(5);
  });

  it('sends sixteen as soon as it has so many', async () => {
    const { transport, sent } = await corked();
    const texts = Array.from({ length: 40 }, (_, index) => `${index}`);
    const lengths = texts.map((text) => (send(transport, text), sent.length));
    expect(lengths.slice(14, 16)).toEqual([0, 16]);
    expect(lengths.slice(30, 32)).toEqual([16, 32]);
    transport.uncork();
    expect(sent).toEqual(texts);
  });

  it('sends RTCP at once, behind what it held: the socket may be closed next', async () => {
    const { transport, sent } = await corked();
    send(transport, 'picture');
    transport.sendRtcp(Buffer.from('goodbye'));
    expect(sent).toEqual(['picture', 'goodbye']);
  });

  it('gives what it held to each viewer by that one’s path', async () => {
    const [one, other] = [await corked(), await corked()];
    for (const { transport } of [one, other, one]) send(transport, transport === one.transport ? 'one' : 'other');
    one.transport.uncork();
    expect([one.sent, other.sent]).toEqual([['one', 'one'], ['other']]);
  });

  it('sends nothing once the socket is closed, and says so', async () => {
    const { transport, sent, beneath } = await corked();
    expect(send(transport, 'held')).toBe(true);
    beneath.closed = true;
    expect(send(transport, 'late')).toBe(false);
    transport.uncork();
    expect(sent).toEqual([]);
  });

  it.each(STREAMS)('over %s holds nothing: how much waits there decides what else goes', (_, protocolOn) => {
    const socket = new StuckSocket();
    const transport = transportOver(protocolOn(socket));
    transport.cork();
    onTestFinished(() => transport.uncork());
    expect(send(transport, 'at once')).toBe(true);
    expect(socket.written).toHaveLength(1);
    socket.writable = false;
    expect(send(transport, 'gone')).toBe(false);
  });

  it('over a relay by UDP holds it, too', async () => {
    const { socket } = (await udp()).beneath;
    const sent = vi.spyOn(socket, 'send').mockReturnValue(undefined);
    const transport = transportOver(relay({ type: 'udp', socket, closed: false }));
    transport.cork();
    for (const text of ['first', 'second']) send(transport, text);
    expect(sent).not.toHaveBeenCalled();
    transport.uncork();
    expect(sent).toHaveBeenCalledTimes(2);
  });
});
