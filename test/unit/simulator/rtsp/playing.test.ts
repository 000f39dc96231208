import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { XMLParser } from 'fast-xml-parser';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { unixMsFromNtp } from '../../../../src/base/ntp.ts';
import type { DepacketizedAccessUnit } from '../../../../src/media/h264/depacketizer.ts';
import { isKeyframe } from '../../../../src/media/h264/nal.ts';
import { encodeRtpPacket, sequenceDistance, timestampDistance } from '../../../../src/media/rtp/packet.ts';
import { encodePictureLossIndication, encodeReceiverReport, parseRtcp } from '../../../../src/media/rtp/rtcp.ts';
import { sceneAt, visibleBox } from '../../../../src/simulator/scene.ts';
import { accessUnits, clips, frameOf, play, rtpPackets, runServer, sessionOf } from './server-fixture.ts';

const WAIT = { timeout: 10_000, interval: 10 };
const PLI = Buffer.concat([encodeReceiverReport(1, [], 'test'), encodePictureLossIndication(1, 2)]);

/** Datagrams that come to a port pair of our own. */
async function udpClient(): Promise<{
  ports: [number, number];
  sockets: [Socket, Socket];
  received: { rtp: Buffer[]; rtcp: Buffer[] };
  from: Set<number>;
}> {
  const received = { rtp: [] as Buffer[], rtcp: [] as Buffer[] };
  const from = new Set<number>();
  const open = async (kind: 'rtp' | 'rtcp'): Promise<Socket> => {
    const socket = createSocket('udp4');
    socket.on('message', (bytes, sender) => {
      received[kind].push(bytes);
      from.add(sender.port);
    });
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    onTestFinished(() => void socket.close());
    return socket;
  };
  const sockets: [Socket, Socket] = [await open('rtp'), await open('rtcp')];
  return { ports: [sockets[0].address().port, sockets[1].address().port], sockets, received, from };
}

describe('pictures over TCP', () => {
  it('are the clip frame by frame from an IDR on, in packets without a gap, each frame at its time', async () => {
    const { url, connect, timeline } = await runServer();
    const client = await connect();
    await play(client, `${url}/main`, [0]);
    timeline.jumpToNextGop();
    await vi.waitFor(() => expect(accessUnits(client.on(0)).length).toBeGreaterThan(30), WAIT);

    const units = accessUnits(client.on(0));
    const first = frameOf(units[0] ?? { nals: [], timestamp: 0, damaged: true }, 'main');
    expect(first % 50).toBe(0);
    expect(units.map((unit) => frameOf(unit, 'main'))).toEqual(units.map((_, index) => (first + index) % 250));
    const steps = units.slice(1).map((unit, index) => timestampDistance(units[index]?.timestamp ?? 0, unit.timestamp));
    expect(new Set(steps)).toEqual(new Set([3_600]));
    const packets = rtpPackets(client.on(0));
    expect(
      packets
        .slice(1)
        .every((packet, index) => sequenceDistance(packets[index]?.sequenceNumber ?? 0, packet.sequenceNumber) === 1),
    ).toBe(true);
    expect(packets.every(({ payload }) => payload.length <= 1_400)).toBe(true);
    expect(packets.filter(({ marker }) => marker)).toHaveLength(units.length);
  });

  it('jump to the next IDR at a synchronization point, at once and with timestamps that go on', async () => {
    const { url, connect, timeline } = await runServer();
    const client = await connect();
    await play(client, `${url}/sub`, [0]);
    timeline.jumpToNextGop();
    await vi.waitFor(() => expect(accessUnits(client.on(0)).length).toBeGreaterThan(3), WAIT);
    const before = accessUnits(client.on(0)).length;
    const jumpedAt = Date.now();
    timeline.jumpToNextGop();
    await vi.waitFor(() => expect(accessUnits(client.on(0)).length).toBeGreaterThan(before + 2), WAIT);

    const units = accessUnits(client.on(0));
    const frames = units.map((unit) => frameOf(unit, 'sub'));
    const [lastBefore, jumped, next] = units.slice(before - 1);
    expect(jumped !== undefined && isKeyframe(jumped.nals)).toBe(true);
    expect(frames[before]).toBe(((Math.floor((frames[before - 1] ?? 0) / 30) + 1) * 30) % 150);
    expect(frames[before + 1]).toBe((frames[before] ?? 0) + 1);
    const step = timestampDistance(lastBefore?.timestamp ?? 0, jumped?.timestamp ?? 0);
    expect(step).toBeGreaterThanOrEqual(0);
    expect(step).toBeLessThanOrEqual(6_000);
    expect(timestampDistance(jumped?.timestamp ?? 0, next?.timestamp ?? 0)).toBe(6_000);
    const arrival = client.frames.find(({ payload }) => payload.readUInt32BE(4) === jumped?.timestamp)?.arrivalMs ?? 0;
    expect(arrival - jumpedAt).toBeLessThan(50);
  });

  it('jump for a client that reports a lost picture', async () => {
    const { url, connect } = await runServer();
    const client = await connect();
    await play(client, `${url}/main`, [0]);
    client.send(1, PLI);
    await vi.waitFor(() => expect(accessUnits(client.on(0)).length).toBeGreaterThan(2), WAIT);
    client.send(1, PLI);
    await vi.waitFor(() => expect(accessUnits(client.on(0)).filter(({ nals }) => isKeyframe(nals))).toHaveLength(2), {
      timeout: 1_000,
      interval: 10,
    });
  });

  it('pause and go on, from an IDR', async () => {
    const { url, connect, timeline } = await runServer();
    const client = await connect();
    const session = { Session: await play(client, `${url}/main`, [0]) };
    timeline.jumpToNextGop();
    await vi.waitFor(() => expect(client.on(0).length).toBeGreaterThan(0), WAIT);
    await client.request('PAUSE', `${url}/main`, session);
    const paused = client.frames.length;
    timeline.jumpToNextGop();
    await client.request('OPTIONS', `${url}/main`);
    expect(client.frames).toHaveLength(paused);
    await client.request('PLAY', `${url}/main`, session);
    timeline.jumpToNextGop();
    const since = (): DepacketizedAccessUnit[] =>
      accessUnits(client.frames.slice(paused).flatMap(({ channel, payload }) => (channel === 0 ? [payload] : [])));
    await vi.waitFor(() => expect(since().length).toBeGreaterThan(0), WAIT);
    const [first] = since();
    expect(first !== undefined && isKeyframe(first.nals)).toBe(true);
  });
});

describe('time', () => {
  it.each([0, 3_600_000, -90_000])(
    'in sender reports is the camera clock (set off by %i ms) of the moment shown',
    async (clockOffsetMs) => {
      const { url, connect, timeline } = await runServer({ clockOffsetMs });
      const client = await connect();
      await play(client, `${url}/main`, [0, 1]);
      timeline.jumpToNextGop();
      await vi.waitFor(() => expect(accessUnits(client.on(0)).length).toBeGreaterThan(2), WAIT);

      const { messages, malformed } = parseRtcp(client.on(1)[0] ?? Buffer.alloc(0));
      const [report] = messages;
      if (report?.type !== 'sender-report' || malformed) throw new Error('no sender report first');
      expect(Math.abs(unixMsFromNtp(report.ntp) - clockOffsetMs - Date.now())).toBeLessThan(1_000);
      for (const unit of accessUnits(client.on(0))) {
        const cameraMs = unixMsFromNtp(report.ntp) + timestampDistance(report.rtpTimestamp, unit.timestamp) / 90;
        expect(Math.abs(timeline.positionAt(cameraMs) - frameOf(unit, 'main') * 40)).toBeLessThan(1);
      }
    },
  );

  it('comes in a report of each track every second', async () => {
    const { url, connect } = await runServer();
    const client = await connect();
    await play(client, `${url}/main`, [0, 1, 2]);
    await vi.waitFor(() => expect(client.on(5).length).toBeGreaterThan(2), WAIT);
    for (const channel of [1, 3, 5]) {
      const times = client
        .on(channel)
        .flatMap((bytes) =>
          parseRtcp(bytes).messages.flatMap((message) => (message.type === 'sender-report' ? [unixMsFromNtp(message.ntp)] : [])),
        );
      expect(times.length).toBeGreaterThan(1);
      expect((times.at(-1) ?? 0) - (times.at(-2) ?? 0)).toBeGreaterThan(900);
      expect((times.at(-1) ?? 0) - (times.at(-2) ?? 0)).toBeLessThan(1_300);
    }
  });
});

describe('sound', () => {
  it('is the clip at the moment of its timestamp, in packets of 20 ms that no jump disturbs', async () => {
    const { url, connect, timeline } = await runServer();
    const client = await connect();
    await play(client, `${url}/main`, [1]);
    await vi.waitFor(() => expect(client.on(0).length).toBeGreaterThan(5), WAIT);
    timeline.jumpToNextGop();
    await vi.waitFor(() => expect(client.on(0).length).toBeGreaterThan(15), WAIT);

    const packets = rtpPackets(client.on(0));
    expect(packets.every(({ payloadType, payload }) => payloadType === 0 && payload.length === 160)).toBe(true);
    expect(
      new Set(packets.slice(1).map((packet, index) => timestampDistance(packets[index]?.timestamp ?? 0, packet.timestamp))),
    ).toEqual(new Set([160]));
    const [report] = parseRtcp(client.on(1)[0] ?? Buffer.alloc(0)).messages;
    if (report?.type !== 'sender-report') throw new Error('no sender report first');
    const loop = Buffer.concat([clips.sound, clips.sound]);
    for (const packet of packets) {
      const cameraMs = unixMsFromNtp(report.ntp) + timestampDistance(report.rtpTimestamp, packet.timestamp) / 8;
      const from = Math.round(timeline.positionAt(cameraMs) * 8);
      // The report's NTP fraction is rounded down: a sample earlier or later.
      const expected = [-1, 0, 1].map((shift) => loop.subarray(from + shift + 80_000).subarray(0, 160));
      const around = [-1, 0, 1].map((shift) => loop.subarray((from + shift + 80_000) % 80_000).subarray(0, 160));
      expect([...expected, ...around].some((samples) => samples.equals(packet.payload))).toBe(true);
    }
  });
});

describe('metadata', () => {
  it('says five times a second what the picture shows and where the camera looks', async () => {
    const { url, connect, timeline, ptz } = await runServer({ clockOffsetMs: 5_000 });
    ptz.moveTo({ pan: 0.5 }, timeline.now() - 10_000);
    const client = await connect();
    await play(client, `${url}/main`, [2]);
    await vi.waitFor(() => expect(rtpPackets(client.on(0)).filter(({ marker }) => marker).length).toBeGreaterThan(5), WAIT);

    const documents: string[] = [''];
    for (const packet of rtpPackets(client.on(0))) {
      expect(packet.payload.length).toBeLessThanOrEqual(1_400);
      documents[documents.length - 1] += packet.payload.toString();
      if (packet.marker) documents.push('');
    }
    const times = documents.slice(0, -1).map((document) => {
      expect(document).toContain('<tt:PanTilt x="0.5000" y="0.0000"/>');
      const parsed = new XMLParser({
        ignoreAttributes: false,
        attributeNamePrefix: '',
        isArray: (name) => name === 'tt:Object',
      }).parse(document) as MetadataXml;
      const frame = parsed['tt:MetadataStream']['tt:VideoAnalytics']['tt:Frame'];
      const cameraMs = Date.parse(frame.UtcTime);
      const shown = sceneAt(timeline.positionAt(cameraMs)).filter((object) => visibleBox(object) !== undefined);
      expect(frame['tt:Object'].map((object) => Number(object.ObjectId))).toEqual(shown.map(({ id }) => id));
      for (const [index, object] of frame['tt:Object'].entries()) {
        const left = Math.max(0, shown[index]?.box.left ?? 0);
        // 16 scene units are the width of the picture, -1 to 1; the time in the document is rounded to milliseconds.
        expect(Number(object['tt:Appearance']['tt:Shape']['tt:BoundingBox'].left)).toBeCloseTo(left / 8 - 1, 2);
      }
      return cameraMs;
    });
    expect(new Set(times.slice(1).map((time, index) => time - (times[index] ?? 0)))).toEqual(new Set([200]));
  });
});

interface MetadataXml {
  'tt:MetadataStream': {
    'tt:VideoAnalytics': {
      'tt:Frame': {
        UtcTime: string;
        'tt:Object': { ObjectId: string; 'tt:Appearance': { 'tt:Shape': { 'tt:BoundingBox': { left: string } } } }[];
      };
    };
  };
}

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
    await vi.waitFor(() => expect(accessUnits(received.rtp).length).toBeGreaterThan(5), { timeout: 1_500, interval: 10 });
    expect(isKeyframe(accessUnits(received.rtp)[0]?.nals ?? [])).toBe(true);
    expect(parseRtcp(received.rtcp[0] ?? Buffer.alloc(0)).messages[0]?.type).toBe('sender-report');
    expect([...from].toSorted((a, b) => a - b)).toEqual(serverPorts);
  });

  it('ends with the session', async () => {
    const { url, connect, timeline } = await runServer();
    const client = await connect();
    const { ports, received } = await udpClient();
    const setup = await client.request('SETUP', `${url}/main/trackID=1`, {
      Transport: `RTP/AVP/UDP;unicast;client_port=${ports.join('-')}`,
    });
    const session = { Session: sessionOf(setup.headers.get('Session')) };
    await client.request('PLAY', `${url}/main`, session);
    await vi.waitFor(() => expect(received.rtp.length).toBeGreaterThan(3), WAIT);
    expect((await client.request('TEARDOWN', `${url}/main`, session)).status).toBe(200);
    expect((await client.request('PLAY', `${url}/main`, session)).status).toBe(454);
    await client.request('OPTIONS', `${url}/main`);
    const ended = received.rtp.length;
    timeline.jumpToNextGop();
    await client.request('OPTIONS', `${url}/main`);
    expect(received.rtp.length).toBe(ended);
  });
});

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
