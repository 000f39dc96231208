import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, expect, it, vi } from 'vitest';
import { UdpTransport } from 'werift';
import { DevicePeer } from '../../../../src/peer/webrtc/device-peer.ts';
import { guardUdpSockets } from '../../../../src/peer/webrtc/udp-socket-guard.ts';

/* `webrtc.udp_ports`: too few ports cost a viewer, never the process. */

const peers: DevicePeer[] = [];
const sockets: Socket[] = [];

afterEach(async () => {
  for (const peer of peers.splice(0)) await peer.close();
  for (const socket of sockets.splice(0)) socket.close();
});

/** Two neighbouring ports that are free now. */
async function freePorts(): Promise<{ first: number; last: number }> {
  for (let tries = 0; tries < 100; tries += 1) {
    const [low, high] = [createSocket('udp4'), createSocket('udp4')];
    try {
      low.bind(0, '127.0.0.1');
      await once(low, 'listening');
      high.bind(low.address().port + 1, '127.0.0.1');
      await once(high, 'listening');
      return { first: low.address().port, last: high.address().port };
    } catch {
      // The neighbour is taken: another pair.
    } finally {
      low.close();
      high.close();
    }
  }
  throw new Error('no two neighbouring ports are free');
}

interface Outcome {
  candidates: number[];
  error: string | null;
  gathered: boolean;
}

async function offer(udpPorts: { first: number; last: number }): Promise<Outcome> {
  const outcome: Outcome = { candidates: [], error: null, gathered: false };
  const peer = new DevicePeer({
    ice: { udpPorts, advertise: [], loopbackOnly: true, iceServers: [] },
    iceServers: [],
    onCandidate: ({ candidate }) => {
      if (candidate === '') outcome.gathered = true;
      else if (candidate.includes(' udp ')) outcome.candidates.push(Number(candidate.split(' ')[5]));
    },
    onRestartOffer: () => undefined,
    onPathFound: () => undefined,
    onConnected: () => undefined,
    onRtcp: () => undefined,
    onDataChannel: () => undefined,
    onDisconnected: ({ code }) => (outcome.error = code),
  });
  peers.push(peer);
  await peer.offer({ video: ['H264'] });
  await vi.waitFor(() => expect(outcome.gathered).toBe(true), { timeout: 10_000 });
  return outcome;
}

it('a viewer gets a port of the range', async () => {
  const ports = await freePorts();
  const { candidates, error } = await offer(ports);
  expect(error).toBeNull();
  expect(candidates).toHaveLength(1);
  expect(candidates[0]).toBeGreaterThanOrEqual(ports.first);
  expect(candidates[0]).toBeLessThanOrEqual(ports.last);
});

it('a viewer too many is told so', async () => {
  const ports = await freePorts();
  for (const port of [ports.first, ports.last]) {
    const socket = createSocket('udp4');
    sockets.push(socket);
    socket.bind(port, '127.0.0.1');
    await once(socket, 'listening');
  }
  expect(await offer(ports)).toMatchObject({ candidates: [], error: 'session.no_port' });
});

it('viewers that come at once and find the same port free do not end the process', async () => {
  const ports = await freePorts();
  const outcomes = await Promise.all(Array.from({ length: 4 }, () => offer(ports)));
  const used = outcomes.flatMap(({ candidates }) => candidates);
  expect(new Set(used).size).toBe(used.length);
  expect(used.length).toBeGreaterThan(0);
  expect(outcomes.filter(({ error }) => error === 'session.no_port')).toHaveLength(4 - used.length);
});

it('a port that is taken between the search and its use fails the candidate, not the process', async () => {
  const taken = createSocket('udp4');
  sockets.push(taken);
  taken.bind(0, '127.0.0.1');
  await once(taken, 'listening');
  guardUdpSockets();
  guardUdpSockets();
  const { port } = taken.address();
  await expect(UdpTransport.init('udp4', { port, interfaceAddresses: { udp4: '127.0.0.1' } })).rejects.toMatchObject({
    code: 'EADDRINUSE',
  });
});

it('a socket has a receive buffer that holds what a viewer starts with, as far as the system allows', async () => {
  guardUdpSockets();
  const asked = createSocket('udp4');
  sockets.push(asked);
  asked.bind(0, '127.0.0.1');
  await once(asked, 'listening');
  asked.setRecvBufferSize(4 * 1024 * 1024);
  const transport = await UdpTransport.init('udp4', { interfaceAddresses: { udp4: '127.0.0.1' } });
  expect(transport.socket.getRecvBufferSize()).toBe(asked.getRecvBufferSize());
  await transport.close();
});
