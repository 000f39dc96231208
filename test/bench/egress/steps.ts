import { createCipheriv, createHmac, createSecretKey, type CipherGCM } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { setImmediate as soon } from 'node:timers/promises';
import { UdpTransport } from 'werift';
import { NumberedStream } from '../../../src/peer/egress/numbered-stream.ts';
import { SendLog } from '../../../src/peer/egress/send-log.ts';
import { guardUdpSockets } from '../../../src/peer/webrtc/udp-socket-guard.ts';

/* What each step of sending a packet costs on its own, in a hot loop; in turns, medians. */

const ROUNDS = 7;
const TIMES = 20_000;
/** Of a picture, between two looks of the event loop. */
const AT_ONCE = 16;

const payload = Buffer.alloc(1150, 7);
const iv = Buffer.alloc(12, 5);
const counter = Buffer.alloc(16, 5);
const bytes = Buffer.alloc(16, 3);
const key = createSecretKey(bytes);
const memory = Buffer.alloc(2048);
const log = new SendLog();
const extensions = { mid: { extensionId: 1, value: '0' }, transportSequence: { extensionId: 2 } };
const stream = new NumberedStream(1, extensions);
const head = Buffer.from(stream.header(102, false, 0, undefined, 1));

/** Microseconds by step; a step that contains another one says so. */
export async function measureSteps(): Promise<Map<string, number>> {
  guardUdpSockets();
  // Nobody reads there: what comes is thrown away by the system.
  const sink = await bound(createSocket('udp4'));
  sink.setRecvBufferSize(4096);
  const { port } = sink.address();
  const plain = await bound(createSocket('udp4'));
  const connectedSocket = await bound(createSocket('udp4'));
  connectedSocket.connect(port, '127.0.0.1');
  await once(connectedSocket, 'connect');
  const { socket: prompt } = await UdpTransport.init('udp4', { interfaceAddresses: { udp4: '127.0.0.1' } });
  const datagram = memory.subarray(0, head.length + payload.length + 16);
  const steps: Record<string, () => void> = {
    'header with number, mid and transport-wide number': () => {
      const index = stream.take();
      stream.writeTransportSequence(stream.header(102, false, index, undefined, index), log.add(1190, performance.now()));
    },
    'createCipheriv, key as bytes': () => void gcm(bytes),
    'createCipheriv, prepared key': () => void gcm(key),
    '... and setAAD': () => void gcm(key).setAAD(head),
    '... and update': () => void gcm(key).setAAD(head).update(payload),
    '... and final, getAuthTag: AES-128-GCM as a whole': () => {
      const cipher = gcm(key).setAAD(head);
      cipher.update(payload);
      cipher.final();
      cipher.getAuthTag();
    },
    'AES-CM with HMAC-SHA1 as a whole': () => {
      counter.writeUInt32BE(stream.take() >>> 0, 4);
      const encrypted = createCipheriv('aes-128-ctr', key, counter).update(payload);
      createHmac('sha1', key).update(head).update(encrypted).update(iv.subarray(0, 4)).digest();
    },
    'header, ciphertext and tag into memory that is used again': () => {
      datagram.set(head, 0);
      datagram.set(payload, head.length);
      datagram.set(counter, head.length + payload.length);
    },
    'the same into memory of its own': () => void Buffer.concat([head, payload, counter]),
    'dgram.send that looks the address up': () => plain.send(datagram, port, '127.0.0.1'),
    'dgram.send at once': () => prompt.send(datagram, port, '127.0.0.1'),
    '... of a list of three': () => prompt.send([head, payload, counter], port, '127.0.0.1'),
    '... of a connected socket': () => connectedSocket.send(datagram),
  };
  const costs = new Map<string, number[]>(Object.keys(steps).map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round += 1)
    for (const [name, step] of Object.entries(steps)) costs.get(name)?.push(await costOf(step));
  for (const socket of [sink, plain, connectedSocket, prompt]) socket.close();
  return new Map(Array.from(costs, ([name, measured]) => [name, measured.toSorted((a, b) => a - b)[ROUNDS >> 1] ?? NaN]));
}

function gcm(secret: Parameters<typeof createCipheriv>[1]): CipherGCM {
  iv.writeUInt32BE(stream.take() >>> 0, 4);
  return createCipheriv('aes-128-gcm', secret, iv);
}

async function bound(socket: Socket): Promise<Socket> {
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

/** Processor time of one, microseconds. */
async function costOf(step: () => void): Promise<number> {
  const before = process.cpuUsage();
  for (let times = 0; times < TIMES; times += AT_ONCE) {
    for (let at = 0; at < AT_ONCE; at += 1) step();
    await soon();
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / TIMES;
}
