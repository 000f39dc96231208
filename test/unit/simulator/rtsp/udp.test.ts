import { describe, expect, it, vi } from 'vitest';
import { encodePictureLossIndication, encodeReceiverReport, parseRtcp } from '../../../../src/media/rtp/rtcp.ts';
import { accessUnits, keyframes, play, runServer, sessionOf, udpClient } from './server-fixture.ts';

const WAIT = { timeout: 10_000, interval: 10 };
const PLI = Buffer.concat([encodeReceiverReport(1, [], 'test'), encodePictureLossIndication(1, 2)]);

describe('UDP', () => {
  it('carries packets and reports from the ports announced, and takes feedback there', async () => {
    const { url, connect } = await runServer();
    const client = await connect();
    const { ports, sockets, received, from } = await udpClient();
    const setup = await client.request('SETUP', `${url}/main/trackID=0`, {
      Transport: `RTP/AVP;unicast;client_port=${ports.join('-')}`,
    });
    const serverPorts =
      /server_port=(\d+)-(\d+)/
        .exec(setup.headers.get('Transport') ?? '')
        ?.slice(1)
        .map(Number) ?? [];
    expect(setup.headers.get('Transport')).toContain(`client_port=${ports.join('-')}`);
    expect((serverPorts[0] ?? 1) % 2).toBe(0);
    expect(serverPorts[1]).toBe((serverPorts[0] ?? 0) + 1);
    await client.request('PLAY', `${url}/main`, { Session: sessionOf(setup.headers.get('Session')) });
    sockets[1].send(PLI, serverPorts[1] ?? 0, '127.0.0.1');
    await vi.waitFor(() => expect(accessUnits(received.rtp).length).toBeGreaterThan(2), WAIT);
    sockets[1].send(PLI, serverPorts[1] ?? 0, '127.0.0.1');
    await vi.waitFor(() => expect(keyframes(accessUnits(received.rtp)).length).toBeGreaterThan(1), WAIT);
    const [first, second] = keyframes(accessUnits(received.rtp));
    expect(first).toBe(0);
    // Without a report they are 50 frames apart.
    expect(second).toBeLessThan(50);
    expect(parseRtcp(received.rtcp[0] ?? Buffer.alloc(0)).messages[0]?.type).toBe('sender-report');
    expect([...from].toSorted((a, b) => a - b)).toEqual(serverPorts);
  });

  it.each(['0-0', '0-1', '1-0', '65535', '65535-65536', '99999'])('refuses ports that there are not: %s', async (ports) => {
    const { url, connect } = await runServer();
    const client = await connect();
    const refused = await client.request('SETUP', `${url}/main/trackID=0`, {
      Transport: `RTP/AVP;unicast;client_port=${ports}`,
    });
    expect(refused.status).toBe(461);
  });

  it.each(['TEARDOWN', 'connection'])('ends with the %s', async (end) => {
    const { url, connect, server } = await runServer();
    const [client, other] = [await connect(), await connect()];
    const { ports, received } = await udpClient();
    const transport = { Transport: `RTP/AVP/UDP;unicast;client_port=${ports.join('-')}` };
    const setup = await client.request('SETUP', `${url}/main/trackID=1`, transport);
    const session = { Session: sessionOf(setup.headers.get('Session')) };
    await client.request('PLAY', `${url}/main`, session);
    await vi.waitFor(() => expect(received.rtp.length).toBeGreaterThan(3), WAIT);
    if (end === 'TEARDOWN') await client.request('TEARDOWN', `${url}/main`, session);
    else client.close();
    await vi.waitFor(() => expect(server.connections).toBe(end === 'TEARDOWN' ? 2 : 1), WAIT);
    await play(other, `${url}/main`, [1]);
    const ended = received.rtp.length;
    await vi.waitFor(() => expect(other.on(0).length).toBeGreaterThan(5), WAIT);
    // One may have been on its way.
    expect(received.rtp.length).toBeLessThanOrEqual(ended + 1);
  });
});
