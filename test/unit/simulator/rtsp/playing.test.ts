import { XMLParser } from 'fast-xml-parser';
import { describe, expect, it, vi } from 'vitest';
import { unixMsFromNtp } from '../../../../src/base/ntp.ts';
import type { DepacketizedAccessUnit } from '../../../../src/media/h264/depacketizer.ts';
import { isKeyframe } from '../../../../src/media/h264/nal.ts';
import { sequenceDistance, timestampDistance } from '../../../../src/media/rtp/packet.ts';
import { encodePictureLossIndication, encodeReceiverReport, parseRtcp } from '../../../../src/media/rtp/rtcp.ts';
import { sceneAt, visibleBox } from '../../../../src/simulator/scene.ts';
import { accessUnits, clips, frameOf, keyframes, play, rtpPackets, runServer } from './server-fixture.ts';

const WAIT = { timeout: 10_000, interval: 10 };
const PLI = Buffer.concat([encodeReceiverReport(1, [], 'test'), encodePictureLossIndication(1, 2)]);

describe('pictures over TCP', () => {
  it('are the clip frame by frame from an IDR on, in packets without a gap, each frame at its time', async () => {
    const { url, connect, timeline } = await runServer();
    const client = await connect();
    await play(client, `${url}/main`, [0]);
    timeline.jumpToNextGop();
    await vi.waitFor(() => expect(accessUnits(client.on(0)).length).toBeGreaterThan(30), WAIT);

    const units = accessUnits(client.on(0));
    const first = frameOf(units[0] ?? { nals: [], timestamp: 0, damaged: true, lostBefore: false }, 'main');
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
  });

  it('jump for a client that reports a lost picture', async () => {
    const { url, connect } = await runServer();
    const client = await connect();
    await play(client, `${url}/main`, [0]);
    client.send(1, PLI);
    await vi.waitFor(() => expect(accessUnits(client.on(0)).length).toBeGreaterThan(2), WAIT);
    client.send(1, PLI);
    await vi.waitFor(() => expect(keyframes(accessUnits(client.on(0))).length).toBeGreaterThan(1), WAIT);
    // Without a report they are 50 frames apart.
    expect(keyframes(accessUnits(client.on(0)))[1]).toBeLessThan(50);
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
      expect(Math.abs(unixMsFromNtp(report.ntp) - clockOffsetMs - Date.now())).toBeLessThan(5_000);
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
      expect((times.at(-1) ?? 0) - (times.at(-2) ?? 0)).toBeLessThan(3_000);
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
      // The report's NTP fraction is rounded down, and its timestamp to a sample: that much earlier or later, which may be the other side of the jump.
      const near = [-1, 0, 1].flatMap((early) => {
        const from = Math.round(timeline.positionAt(cameraMs + early / 8) * 8);
        return [-1, 0, 1].map((shift) => loop.subarray((from + shift + 80_000) % 80_000).subarray(0, 160));
      });
      expect(near.some((samples) => samples.equals(packet.payload))).toBe(true);
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
