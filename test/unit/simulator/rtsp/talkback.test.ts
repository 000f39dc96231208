import { describe, expect, it, vi } from 'vitest';
import { encodeRtpPacket } from '../../../../src/media/rtp/packet.ts';
import { runServer, sessionOf, udpClient } from './server-fixture.ts';

const WAIT = { timeout: 10_000, interval: 10 };

describe('the audio backchannel', () => {
  const spoken = (sequenceNumber: number): Buffer =>
    encodeRtpPacket({
      payloadType: 0,
      marker: sequenceNumber === 0,
      sequenceNumber,
      timestamp: sequenceNumber * 160,
      ssrc: 5,
      payload: Buffer.alloc(160, sequenceNumber),
    });

  it('keeps what is said over TCP once the session plays, and nothing else', async () => {
    const { url, connect, server } = await runServer();
    const client = await connect();
    const setup = await client.request('SETUP', `${url}/main/trackID=3`, { Transport: 'RTP/AVP/TCP;unicast;interleaved=6-7' });
    const session = { Session: sessionOf(setup.headers.get('Session')) };
    client.send(6, spoken(9));
    await client.request('PLAY', `${url}/main`, session);
    const before = Date.now();
    for (let sequence = 0; sequence < 10; sequence += 1) client.send(6, spoken(sequence));
    client.send(6, Buffer.from('no RTP'));
    client.send(
      6,
      encodeRtpPacket({ payloadType: 8, marker: false, sequenceNumber: 10, timestamp: 0, ssrc: 5, payload: Buffer.alloc(160) }),
    );
    client.send(4, spoken(11));
    await client.request('OPTIONS', `${url}/main`);
    expect(server.talkback.samples()).toEqual(
      Buffer.concat(Array.from({ length: 10 }, (_, sequence) => Buffer.alloc(160, sequence))),
    );
    expect(server.talkback.packets.map(({ sequenceNumber, timestamp }) => [sequenceNumber, timestamp])).toEqual(
      Array.from({ length: 10 }, (_, sequence) => [sequence, sequence * 160]),
    );
    expect(server.talkback.packets.every(({ arrivalMs }) => arrivalMs >= before && arrivalMs <= Date.now())).toBe(true);
    expect(server.talkback.refused).toBe(2);
    server.talkback.clear();
    expect(server.talkback.samples()).toHaveLength(0);
  });

  it('takes UDP only from the ports that the session named', async () => {
    const { url, connect, server } = await runServer();
    const client = await connect();
    const [speaker, stranger] = [await udpClient(), await udpClient()];
    const setup = await client.request('SETUP', `${url}/main/trackID=3`, {
      Transport: `RTP/AVP;unicast;client_port=${speaker.ports.join('-')}`,
    });
    const serverPort = Number(/server_port=(\d+)/.exec(setup.headers.get('Transport') ?? '')?.[1]);
    await client.request('PLAY', `${url}/main`, { Session: sessionOf(setup.headers.get('Session')) });
    stranger.sockets[0].send(spoken(1), serverPort, '127.0.0.1');
    speaker.sockets[0].send(spoken(2), serverPort, '127.0.0.1');
    await vi.waitFor(() => expect(server.talkback.packets.length).toBeGreaterThan(0), WAIT);
    expect(server.talkback.packets.map(({ sequenceNumber }) => sequenceNumber)).toEqual([2]);
  });

  it('keeps a minute and no more', async () => {
    const { url, connect, server } = await runServer();
    const client = await connect();
    const setup = await client.request('SETUP', `${url}/main/trackID=3`, { Transport: 'RTP/AVP/TCP;unicast;interleaved=0-1' });
    await client.request('PLAY', `${url}/main`, { Session: sessionOf(setup.headers.get('Session')) });
    for (let sequence = 0; sequence < 3_010; sequence += 1) client.send(0, spoken(sequence));
    await client.request('OPTIONS', `${url}/main`);
    expect(server.talkback.packets).toHaveLength(3_000);
    expect(server.talkback.packets[0]?.sequenceNumber).toBe(10);
  });
});
