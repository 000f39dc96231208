import { connect as connectSocket } from 'node:net';
import { once } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import { parseSessionDescription, type RtspTrack } from '../../../../src/camera/rtsp/sdp.ts';
import { sequenceDistance } from '../../../../src/media/rtp/packet.ts';
import { parseRtcp } from '../../../../src/media/rtp/rtcp.ts';
import { unixMsFromNtp } from '../../../../src/base/ntp.ts';
import { systemClock } from '../../../../src/base/clock.ts';
import { PtzState } from '../../../../src/simulator/ptz-state.ts';
import { RtspCameraServer } from '../../../../src/simulator/rtsp/server.ts';
import { Timeline } from '../../../../src/simulator/timeline.ts';
import { clips, play, rtpPackets, runServer } from './server-fixture.ts';

const WAIT = { timeout: 10_000, interval: 10 };

describe('faults', () => {
  it('no answer: requests stay open while media go on, until it is set back', async () => {
    const { url, connect, server } = await runServer();
    const client = await connect();
    await play(client, `${url}/main`, [1]);
    server.faults.unresponsive = true;
    const answered = vi.fn<(value: unknown) => void>();
    void client.request('OPTIONS', `${url}/main`).then(answered);
    const before = client.on(0).length;
    await vi.waitFor(() => expect(client.on(0).length).toBeGreaterThan(before + 10), WAIT);
    expect(answered).not.toHaveBeenCalled();
    server.faults.unresponsive = false;
    expect((await client.request('OPTIONS', `${url}/main`)).status).toBe(200);
    expect(answered).not.toHaveBeenCalled();
  });

  it('slow answers: each as late as told', async () => {
    const { url, connect, server } = await runServer();
    const client = await connect();
    server.faults.delayMs = 150;
    const before = performance.now();
    expect((await client.request('OPTIONS', `${url}/main`)).status).toBe(200);
    expect(performance.now() - before).toBeGreaterThan(145);
  });

  it('wrong descriptions', async () => {
    const { url, connect, server } = await runServer();
    const client = await connect();
    const video = async (): Promise<RtspTrack | undefined> =>
      parseSessionDescription((await client.request('DESCRIBE', `${url}/main`)).body.toString()).tracks[0];
    server.faults.description = 'missing-fmtp';
    expect(await video()).toMatchObject({ encodingName: 'H264', fmtp: new Map() });
    server.faults.description = 'av1';
    expect(await video()).toMatchObject({ encodingName: 'AV1' });
    server.faults.description = 'wrong-control';
    const { control } = (await video()) ?? {};
    const setup = await client.request('SETUP', `${url}/main/${control}`, { Transport: 'RTP/AVP/TCP;unicast;interleaved=0-1' });
    expect(setup.status).toBe(404);
  });

  it('loss: about the share told, the same packets for the same seed, gaps in the numbers', async () => {
    const lost = async (): Promise<number[]> => {
      const { url, connect, server } = await runServer({ seed: 5 });
      const client = await connect();
      server.faults.lossShare = 0.3;
      await play(client, `${url}/main`, [1]);
      await vi.waitFor(() => expect(client.on(0).length).toBeGreaterThan(60), WAIT);
      const packets = rtpPackets(client.on(0)).slice(0, 60);
      return packets
        .slice(1)
        .map((packet, index) => sequenceDistance(packets[index]?.sequenceNumber ?? 0, packet.sequenceNumber) - 1);
    };
    const [first, second] = [await lost(), await lost()];
    expect(second).toEqual(first);
    const missing = first.reduce((sum, gap) => sum + gap, 0);
    expect(missing / (missing + 60)).toBeGreaterThan(0.15);
    expect(missing / (missing + 60)).toBeLessThan(0.45);
  });

  it('total loss is silence', async () => {
    const { url, connect, server } = await runServer();
    const client = await connect();
    server.faults.lossShare = 1;
    await play(client, `${url}/main`, [0, 1, 2]);
    await vi.waitFor(() => expect(client.on(1).length).toBeGreaterThan(1), WAIT);
    expect([...client.on(0), ...client.on(2), ...client.on(4)]).toEqual([]);
  });

  it('wrong sender reports of the sound: each off by up to what is told, those of the picture right', async () => {
    const { url, connect, server, timeline } = await runServer();
    const client = await connect();
    server.faults.soundReportErrorMs = 60_000;
    await play(client, `${url}/main`, [0, 1]);
    await vi.waitFor(() => expect(client.on(3).length).toBeGreaterThan(1), WAIT);
    const errors = (channel: number): number[] =>
      client
        .on(channel)
        .flatMap((bytes) =>
          parseRtcp(bytes).messages.flatMap((message) =>
            message.type === 'sender-report' ? [unixMsFromNtp(message.ntp) - timeline.now()] : [],
          ),
        );
    const [first = 0, second = 0] = errors(3);
    expect(Math.abs(first)).toBeGreaterThan(10_000);
    expect(Math.abs(first)).toBeLessThan(70_000);
    expect(Math.abs(second - first)).toBeGreaterThan(2_000);
    expect(errors(1).every((error) => Math.abs(error) < 5_000)).toBe(true);
  });

  it('reboot: connections end, new ones are refused, and the camera comes back as another source', async () => {
    const { url, connect, server, port } = await runServer();
    const client = await connect();
    await play(client, `${url}/main`, [1]);
    await vi.waitFor(() => expect(client.on(0).length).toBeGreaterThan(0), WAIT);
    const back = server.reboot(1_000);
    await vi.waitFor(() => expect(client.isClosed).toBe(true), WAIT);
    const refused = connectSocket(port, '127.0.0.1');
    const [error] = (await once(refused, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNREFUSED');
    await back;
    const again = await connect();
    await play(again, `${url}/main`, [1]);
    await vi.waitFor(() => expect(again.on(0).length).toBeGreaterThan(0), WAIT);
    expect(rtpPackets(again.on(0))[0]?.ssrc).not.toBe(rtpPackets(client.on(0))[0]?.ssrc);
  });
});

describe('sessions', () => {
  it('end a minute after the last sign of life', async () => {
    const { url, connect, clock } = await runServer();
    const [silent, requesting, reporting] = [await connect(), await connect(), await connect()];
    await play(silent, `${url}/main`, [1]);
    const session = { Session: await play(requesting, `${url}/main`, [1]) };
    await play(reporting, `${url}/main`, [1]);
    clock.aheadMs = 40_000;
    await requesting.request('GET_PARAMETER', `${url}/main`, session);
    reporting.send(1, Buffer.from([0x80, 201, 0, 1, 0, 0, 0, 1]));
    await requesting.request('OPTIONS', `${url}/main`);
    clock.aheadMs = 70_000;
    await vi.waitFor(() => expect(silent.isClosed).toBe(true), WAIT);
    expect(requesting.isClosed).toBe(false);
    expect(reporting.isClosed).toBe(false);
  });

  it('are gone from the count when their connection ends', async () => {
    const { url, connect, server } = await runServer();
    const client = await connect();
    await play(client, `${url}/main`, [0, 1, 2]);
    expect(server.connections).toBe(1);
    client.close();
    await vi.waitFor(() => expect(server.connections).toBe(0), WAIT);
  });

  it('closing twice is fine, and frees the port', async () => {
    const { server, port } = await runServer();
    await server.close();
    await server.close();
    const { server: other } = await runServer({ port });
    await expect(other.close()).resolves.toBeUndefined();
  });

  it('a port that is taken is said so, and nothing is left open', async () => {
    const { port } = await runServer();
    const second = new RtspCameraServer({ clips, timeline: new Timeline(systemClock), ptz: new PtzState(), port });
    await expect(second.start()).rejects.toMatchObject({ code: 'simulator.port-taken' });
    await expect(second.close()).resolves.toBeUndefined();
  });

  it('end with a client that sends request upon request and waits for no answer', async () => {
    const { url, connect, server } = await runServer();
    const client = await connect();
    server.faults.delayMs = 60_000;
    for (let count = 0; count < 200; count += 1) void client.request('OPTIONS', url);
    await vi.waitFor(() => expect(client.isClosed).toBe(true), WAIT);
    await vi.waitFor(() => expect(server.connections).toBe(0), WAIT);
  });
});
