import { describe, expect, it } from 'vitest';
import { Metrics } from '../../../src/http/metrics.ts';
import { cameraInfo, sessionStats, streamStats, StubView } from './stub-view.ts';

/** The value of one sample line, for example `onvif_gateway_cameras{state="online"}`. */
async function value(metrics: Metrics, sample: string): Promise<number | undefined> {
  const line = (await metrics.text()).split('\n').find((candidate) => candidate.startsWith(`${sample} `));
  return line === undefined ? undefined : Number(line.slice(sample.length));
}

describe('metrics', () => {
  it('counts cameras by state, also the states that none is in', async () => {
    const view = new StubView();
    view.cameraList = [cameraInfo(), cameraInfo({ id: 'b' }), cameraInfo({ id: 'c', state: 'failed' })];
    const metrics = new Metrics(view);
    expect(await value(metrics, 'onvif_gateway_cameras{state="online"}')).toBe(2);
    expect(await value(metrics, 'onvif_gateway_cameras{state="failed"}')).toBe(1);
    expect(await value(metrics, 'onvif_gateway_cameras{state="connecting"}')).toBe(0);
    expect(await value(metrics, 'onvif_gateway_camera_up{camera="c"}')).toBe(0);
    expect(await value(metrics, 'onvif_gateway_camera_up{camera="b"}')).toBe(1);
  });

  it('forgets a camera that was removed', async () => {
    const view = new StubView();
    view.cameraList = [cameraInfo({ id: 'gone' })];
    const metrics = new Metrics(view);
    await metrics.text();
    view.cameraList = [];
    expect(await value(metrics, 'onvif_gateway_camera_up{camera="gone"}')).toBeUndefined();
  });

  it('gives what streams counted, per camera and profile', async () => {
    const view = new StubView();
    view.stats.streams = [
      streamStats({ packetsReceived: 500, reconnects: 3 }),
      streamStats({ profile: 'sub', packetsReceived: 7 }),
    ];
    const metrics = new Metrics(view);
    await metrics.text();
    const labels = '{camera="front-door",profile="main"}';
    expect(await value(metrics, `onvif_gateway_stream_packets_received_total${labels}`)).toBe(500);
    expect(await value(metrics, `onvif_gateway_stream_reconnects_total${labels}`)).toBe(3);
    expect(await value(metrics, 'onvif_gateway_streams{state="playing"}')).toBe(2);
  });

  it('gives all that a stream dropped', async () => {
    const view = new StubView();
    view.stats.streams = [streamStats({ accessUnitsDropped: 2, metadataDropped: 3, garbageBytes: 4, stalls: 5 })];
    const metrics = new Metrics(view);
    const stream = (name: string) => value(metrics, `onvif_gateway_stream_${name}_total{camera="front-door",profile="main"}`);
    expect([await stream('access_units_dropped'), await stream('metadata_dropped')]).toEqual([2, 3]);
    expect([await stream('garbage_bytes'), await stream('stalls')]).toEqual([4, 5]);
  });

  it('gives what the embedded signaling server holds and has refused, and 0 where there is none', async () => {
    const view = new StubView();
    const metrics = new Metrics(view);
    expect(await value(metrics, 'onvif_gateway_signaling_tokens_refused_total')).toBe(0);
    view.signalingServer = {
      connections: 9,
      devices: 2,
      clients: 6,
      sessions: 5,
      refusedConnections: 11,
      refusedTokens: 12,
      malformedFrames: 13,
      droppedMessages: 14,
    };
    const signaling = (name: string) => value(metrics, `onvif_gateway_signaling_${name}`);
    expect(await Promise.all(['connections', 'devices', 'clients', 'sessions'].map(signaling))).toEqual([9, 2, 6, 5]);
    const refused = ['connections_refused_total', 'tokens_refused_total', 'frames_malformed_total', 'messages_dropped_total'];
    expect(await Promise.all(refused.map(signaling))).toEqual([11, 12, 13, 14]);
  });

  it('gives what discovery sees and ignored, and 0 where there is none', async () => {
    const view = new StubView();
    const metrics = new Metrics(view);
    const discovery = (name: string) => value(metrics, `onvif_gateway_discovery_${name}`);
    const names = ['devices', 'searches_total', 'datagrams_ignored_total', 'devices_refused_total'];
    expect(await Promise.all(names.map(discovery))).toEqual([0, 0, 0, 0]);
    view.discovery = { devices: 2, searches: 3, ignored: 4, refused: 5 };
    expect(await Promise.all(names.map(discovery))).toEqual([2, 3, 4, 5]);
  });

  it('sums what sessions of a camera counted, those that are over too', async () => {
    const view = new StubView();
    const over = sessionStats({ packetsSent: 20, packetsDropped: 4 });
    view.stats.sessions = [sessionStats({ packetsSent: 100 }), sessionStats({ sessionId: 's2', packetsSent: 1 })];
    view.stats.ended = [{ ...over, sessions: 3 }];
    const metrics = new Metrics(view);
    await metrics.text();
    expect(await value(metrics, 'onvif_gateway_session_packets_sent_total{camera="front-door"}')).toBe(121);
    expect(await value(metrics, 'onvif_gateway_session_packets_dropped_total{camera="front-door"}')).toBe(4);
    expect(await value(metrics, 'onvif_gateway_sessions_total{camera="front-door"}')).toBe(5);
    expect(await value(metrics, 'onvif_gateway_sessions{state="live"}')).toBe(2);
  });

  it('carries the metrics of the process', async () => {
    expect(await value(new Metrics(new StubView()), 'process_resident_memory_bytes')).toBeGreaterThan(1_000_000);
  });
});
