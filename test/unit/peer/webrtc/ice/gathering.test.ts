import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { TcpActiveProtocol, UdpTransport } from 'werift';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { LOOPBACK, makePeer, OFFERED, type Told, WAIT } from '../loopback-viewer.ts';

/** The URL of a STUN server that sees everybody at this address, or as they are, or says nothing. */
async function stunServer(seenAt: readonly [string, number] | 'itself' | undefined): Promise<string> {
  const server = createSocket('udp4').bind(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  server.on('message', (request, { port }) => {
    const [address, seenPort] = seenAt === 'itself' ? ['127.0.0.1', port] : (seenAt ?? []);
    if (address !== undefined && seenPort !== undefined) server.send(stunAnswer(request, address, seenPort), port, '127.0.0.1');
  });
  return `stun:127.0.0.1:${server.address().port}`;
}

async function reflexive(...urls: string[]): Promise<{ told: Told; found: string[] }> {
  const { peer, told } = makePeer({ iceServers: [{ urls }] });
  await peer.offer(OFFERED);
  await vi.waitUntil(() => told.candidates.at(-1)?.candidate === '', WAIT);
  const found = told.candidates.flatMap(({ candidate }) => / (\S+ \d+) typ srflx/.exec(candidate)?.[1] ?? []);
  return { told, found };
}

describe('the reflexive candidates', () => {
  it('are what each of the STUN servers sees, the same only once', async () => {
    const servers = [
      await stunServer(['203.0.113.7', 4711]),
      await stunServer(['203.0.113.7', 4711]),
      await stunServer(['203.0.113.8', 4712]),
    ];
    expect((await reflexive(...servers)).found).toEqual(['203.0.113.7 4711', '203.0.113.8 4712']);
  });

  it('come from the second server where the first one is silent, before that is given up', async () => {
    const { peer, told } = makePeer({
      iceServers: [{ urls: [await stunServer(undefined), await stunServer(['203.0.113.7', 4711])] }],
    });
    await peer.offer(OFFERED);
    await vi.waitUntil(() => told.candidates.some(({ candidate }) => candidate.includes('typ srflx')), WAIT);
    expect(told.candidates.at(-1)?.candidate).not.toBe('');
  });

  it('are none where a server sees the socket itself', async () => {
    expect((await reflexive(await stunServer('itself'))).found).toEqual([]);
  });
});

describe('gathering', () => {
  it('fails for nobody else where the viewer goes in the midst of it: an error that nobody awaits would end the thread with all its viewers', async () => {
    const unawaited: unknown[] = [];
    const note = (error: unknown): void => void unawaited.push(error);
    process.on('unhandledRejection', note);
    onTestFinished(() => void process.off('unhandledRejection', note));
    const { peer } = makePeer();
    const gone = Promise.withResolvers<void>();
    const bound = Promise.withResolvers<void>();
    const prototype = UdpTransport.prototype as unknown as { init: (this: UdpTransport) => Promise<void> };
    const { init } = prototype;
    const binding = vi.spyOn(prototype, 'init').mockImplementationOnce(async function (this: UdpTransport) {
      await gone.promise;
      await init.call(this);
      bound.resolve();
    });
    const connecting = vi.spyOn(TcpActiveProtocol.prototype, 'connectionMade').mockImplementationOnce(async () => {
      await peer.close();
      gone.resolve();
    });
    onTestFinished(() => [binding, connecting].forEach((spy) => spy.mockRestore()));
    await peer.offer(OFFERED).catch(() => undefined);
    await bound.promise;
    // Node tells of what nobody awaits at the end of a turn.
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    expect(unawaited).toEqual([]);
  });
});

describe('host candidates', () => {
  it('have a socket each, and a TCP candidate that only connects', async () => {
    const { told } = await reflexive();
    const lines = told.candidates.map(({ candidate }) => candidate.replace(/^candidate:\S+ /, '').replace(/ generation.*$/, ''));
    expect(lines.sort()).toEqual([
      '',
      expect.stringMatching(/^1 tcp \d+ 127\.0\.0\.1 9 typ host tcptype active$/),
      expect.stringMatching(/^1 udp \d+ 127\.0\.0\.1 \d{4,5} typ host$/),
    ]);
  });

  it('are none where no interface is of the names that the config says, and the viewer is told', async () => {
    const { peer, told } = makePeer({ ice: { ...LOOPBACK, loopbackOnly: false, interfaces: ['no-such-interface'] } });
    await peer.offer(OFFERED);
    await vi.waitUntil(() => told.disconnected.length > 0, WAIT);
    expect(told.disconnected.map(({ code }) => code)).toEqual(['session.no_network']);
    expect(told.candidates).toEqual([{ candidate: '', sdpMid: '0', sdpMLineIndex: 0 }]);
  });

  it('are those of loopback where the config names that interface', async () => {
    const { peer, told } = makePeer({ ice: { ...LOOPBACK, loopbackOnly: false, interfaces: ['127.0.0.1'] } });
    await peer.offer(OFFERED);
    await vi.waitUntil(() => told.candidates.at(-1)?.candidate === '', WAIT);
    expect(new Set(told.candidates.slice(0, -1).map(({ candidate }) => candidate.split(' ')[4]))).toEqual(new Set(['127.0.0.1']));
  });
});

/** A binding success response with an XOR-MAPPED-ADDRESS (RFC 8489 sections 5 and 14.2). */
function stunAnswer(request: Buffer, address: string, port: number): Buffer {
  const answer = Buffer.alloc(32);
  answer.writeUInt16BE(0x0101, 0);
  answer.writeUInt16BE(12, 2);
  request.copy(answer, 4, 4, 20);
  answer.writeUInt16BE(0x0020, 20);
  answer.writeUInt16BE(8, 22);
  answer.writeUInt8(1, 25);
  answer.writeUInt16BE(port ^ 0x2112, 26);
  for (const [at, octet] of address.split('.').entries()) answer.writeUInt8(Number(octet) ^ answer.readUInt8(4 + at), 28 + at);
  return answer;
}
