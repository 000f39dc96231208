import { createSocket, Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { DiscoverableDevice } from '../../../src/simulator/discovery-message.ts';
import { DiscoveryResponder } from '../../../src/simulator/discovery-responder.ts';
import { child, parseXml, type XmlElement } from '../../../src/simulator/onvif/xml.ts';
import { find } from './onvif/soap-client.ts';

const GROUP = '239.255.255.250';

let responder: DiscoveryResponder;
let client: Socket;
let received: XmlElement[];

beforeEach(async () => {
  responder = new DiscoveryResponder({ port: 0 });
  await responder.start();
  client = await listen(0, '127.0.0.1');
});

afterEach(async () => {
  client.close();
  await responder.close();
});

async function listen(port: number, address: string): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', reuseAddr: true });
  socket.bind(port, address);
  await once(socket, 'listening');
  received = [];
  socket.on('message', (datagram) => received.push(parseXml(datagram.toString())));
  return socket;
}

function device(id: string): DiscoverableDevice {
  return {
    endpointReference: `urn:uuid:${id}`,
    scopes: [`onvif://www.onvif.org/name/${id}`],
    xAddrs: [`http://127.0.0.1:1/${id}`],
  };
}

function probe(messageId: string): string {
  return `<S:Envelope xmlns:S="http://www.w3.org/2003/05/soap-envelope" xmlns:A="http://schemas.xmlsoap.org/ws/2004/08/addressing"
    xmlns:D="http://schemas.xmlsoap.org/ws/2005/04/discovery" xmlns:n="http://www.onvif.org/ver10/network/wsdl"><S:Header>
    <A:MessageID>${messageId}</A:MessageID></S:Header><S:Body><D:Probe><D:Types>n:NetworkVideoTransmitter</D:Types></D:Probe></S:Body></S:Envelope>`;
}

const text = (element: XmlElement, name: string): string | undefined => find(element, name)?.text;
const bodies = (): string[] =>
  received.map((envelope) => `${child(envelope, 'Body')?.children[0]?.name} ${text(envelope, 'Address')}`);

describe('DiscoveryResponder', () => {
  it('answers a probe sent to the group on loopback, for each of its cameras, relating to the probe', async () => {
    await responder.add(device('a'));
    await responder.add(device('b'));
    client.setMulticastInterface('127.0.0.1');
    client.send(probe('urn:uuid:probe-1'), responder.port, GROUP);
    await vi.waitFor(() => expect(bodies().toSorted()).toEqual(['ProbeMatches urn:uuid:a', 'ProbeMatches urn:uuid:b']));
    for (const answer of received) {
      expect(text(answer, 'RelatesTo')).toBe('urn:uuid:probe-1');
      expect(text(answer, 'Action')).toBe('http://schemas.xmlsoap.org/ws/2005/04/discovery/ProbeMatches');
      expect(text(answer, 'XAddrs')).toMatch(/^http:\/\/127\.0\.0\.1:1\/[ab]$/);
    }
    expect(new Set(received.map((answer) => text(answer, 'MessageID'))).size).toBe(2);
  });

  it('answers a probe sent straight to its address, and what is malformed not at all', async () => {
    await responder.add(device('a'));
    for (const datagram of ['', 'x', '<a/>', probe('urn:uuid:probe-2')]) client.send(datagram, responder.port, '127.0.0.1');
    await vi.waitFor(() => expect(received).toHaveLength(1));
    expect(text(received[0] ?? parseXml('<none/>'), 'RelatesTo')).toBe('urn:uuid:probe-2');
  });

  it('lives on after a probe from port 0, to which nothing can be sent', async () => {
    const bind = vi.spyOn(Socket.prototype, 'bind');
    const other = new DiscoveryResponder({ port: 0 });
    await other.start();
    try {
      await other.add(device('a'));
      const from = { address: '127.0.0.1', family: 'IPv4', port: 0, size: 0 };
      const sockets = bind.mock.contexts as Socket[];
      expect(sockets).toHaveLength(2);
      for (const socket of sockets) socket.emit('message', Buffer.from(probe('urn:uuid:probe-0')), from);
      client.send(probe('urn:uuid:probe-1'), other.port, '127.0.0.1');
      await vi.waitFor(() => expect(bodies()).toEqual(['ProbeMatches urn:uuid:a']));
    } finally {
      bind.mockRestore();
      await other.close();
    }
  });

  it('says Hello and Bye to the group, each once', async () => {
    const listener = await listen(responder.port, GROUP);
    listener.addMembership(GROUP, '127.0.0.1');
    try {
      const camera = device('a');
      await responder.add(camera);
      await vi.waitFor(() => expect(bodies()).toEqual(['Hello urn:uuid:a']));
      await responder.remove(camera);
      await responder.remove(camera);
      await responder.add(device('b'));
      await responder.close();
      await vi.waitFor(() => expect(bodies().slice(1)).toEqual(['Bye urn:uuid:a', 'Hello urn:uuid:b', 'Bye urn:uuid:b']));
    } finally {
      listener.close();
    }
  });

  it('forgets a camera that was removed', async () => {
    const gone = device('gone');
    await responder.add(gone);
    await responder.add(device('stays'));
    await responder.remove(gone);
    client.send(probe('urn:uuid:probe-3'), responder.port, '127.0.0.1');
    await vi.waitFor(() => expect(bodies()).toEqual(['ProbeMatches urn:uuid:stays']));
  });

  it('says what to do where its address is none of this machine', async () => {
    const elsewhere = new DiscoveryResponder({ addresses: ['203.0.113.1'], port: 0 });
    await expect(elsewhere.start()).rejects.toMatchObject({
      code: 'simulator.port-taken',
      advice: 'Start the simulator without discovery, or end the program that holds the port.',
    });
  });
});
