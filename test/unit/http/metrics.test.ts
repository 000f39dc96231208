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
    const dropped = { accessUnitsDropped: 2, metadataDropped: 3, garbageBytes: 4, stalls: 5, conversionsDropped: 6 };
    view.stats.streams = [streamStats(dropped)];
    const metrics = new Metrics(view);
    const stream = (name: string) => value(metrics, `onvif_gateway_stream_${name}_total{camera="front-door",profile="main"}`);
    expect([await stream('access_units_dropped'), await stream('metadata_dropped')]).toEqual([2, 3]);
    expect([await stream('garbage_bytes'), await stream('stalls'), await stream('conversion_dropped')]).toEqual([4, 5, 6]);
  });

  it('gives what is converted and what that costs', async () => {
    const view = new StubView();
    view.transcoders = [
      { kind: 'audio', running: 3, started: 9, failed: 4, cpuSeconds: 1.5 },
      { kind: 'video', running: 1, started: 1, failed: 0, cpuSeconds: 60.25 },
    ];
    const metrics = new Metrics(view);
    await metrics.text();
    expect(await value(metrics, 'onvif_gateway_transcoders{kind="audio"}')).toBe(3);
    expect(await value(metrics, 'onvif_gateway_transcoders_started_total{kind="audio"}')).toBe(9);
    expect(await value(metrics, 'onvif_gateway_transcoders_failed_total{kind="audio"}')).toBe(4);
    expect(await value(metrics, 'onvif_gateway_transcoder_cpu_seconds_total{kind="video"}')).toBe(60.25);
  });

  it("gives the media plane's workers, and how busy each is", async () => {
    const view = new StubView();
    view.workers = [
      { running: true, cameras: 5, restarts: 2, utilization: 0.25, delayMs: 12, expected: 0.75, moves: 3 },
      { running: false, cameras: 0, restarts: 0, utilization: 0, delayMs: 0, expected: 0, moves: 0 },
    ];
    const metrics = new Metrics(view);
    await metrics.text();
    const worker = (name: string, index = 0) => value(metrics, `onvif_gateway_worker_${name}{worker="${index}"}`);
    expect([await worker('running'), await worker('running', 1)]).toEqual([1, 0]);
    expect([await worker('cameras'), await worker('cameras', 1)]).toEqual([5, 0]);
    expect([await worker('restarts_total'), await worker('restarts_total', 1)]).toEqual([2, 0]);
    expect([await worker('utilization'), await worker('delay_seconds')]).toEqual([0.25, 0.012]);
    expect([await worker('expected_utilization'), await worker('moves_total')]).toEqual([0.75, 3]);
  });

  it('gives what each camera costs, and nothing of one that is gone', async () => {
    const view = new StubView();
    view.costs = [{ cameraId: 'front-door', cost: 0.125 }];
    const metrics = new Metrics(view);
    expect(await value(metrics, 'onvif_gateway_camera_cost{camera="front-door"}')).toBe(0.125);
    view.costs = [];
    expect(await metrics.text()).not.toContain('camera_cost{');
  });

  it('gives who talks, and what came of it', async () => {
    const view = new StubView();
    const talk = {
      cameraId: 'front-door',
      state: 'open',
      reason: null,
      talks: 3,
      refused: 2,
      packetsSent: 100,
      packetsLost: 5,
    } as const;
    view.stats.talks = [{ ...talk, session: 's1' }];
    const metrics = new Metrics(view);
    const of = (name: string) => value(metrics, `onvif_gateway_${name}{camera="front-door"}`);
    expect(await of('camera_talking')).toBe(1);
    expect([await of('talks_total'), await of('talks_refused_total')]).toEqual([3, 2]);
    expect([await of('talk_packets_sent_total'), await of('talk_packets_lost_total')]).toEqual([100, 5]);
    view.stats.talks = [{ ...talk, session: null }];
    expect(await of('camera_talking')).toBe(0);
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

  it('gives what the device roles of the cameras refused', async () => {
    const view = new StubView();
    view.devices = [
      { camera: 'front-door', failedAttempts: 7, lostConnections: 8, malformedFrames: 1, droppedMessages: 2, refusedSessions: 3 },
      { camera: 'yard', failedAttempts: 9, lostConnections: 10, malformedFrames: 4, droppedMessages: 5, refusedSessions: 6 },
    ];
    const metrics = new Metrics(view);
    const names = ['attempts_failed', 'connections_lost', 'frames_malformed', 'messages_dropped', 'sessions_refused'];
    const of = (camera: string) =>
      Promise.all(names.map((name) => value(metrics, `onvif_gateway_device_${name}_total{camera="${camera}"}`)));
    expect([await of('front-door'), await of('yard')]).toEqual([
      [7, 8, 1, 2, 3],
      [9, 10, 4, 5, 6],
    ]);
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
    const over = sessionStats({ packetsSent: 20, packetsDropped: 4, retransmissionsRefused: 6, skipsStalled: 3 });
    view.stats.sessions = [
      sessionStats({ packetsSent: 100, skipsStalled: 2 }),
      sessionStats({ sessionId: 's2', packetsSent: 1, skipsSilent: 7 }),
    ];
    view.stats.ended = [{ ...over, sessions: 3, switches: 0, probes: 0 }];
    const metrics = new Metrics(view);
    await metrics.text();
    expect(await value(metrics, 'onvif_gateway_session_packets_sent_total{camera="front-door"}')).toBe(121);
    expect(await value(metrics, 'onvif_gateway_session_packets_dropped_total{camera="front-door"}')).toBe(4);
    expect(await value(metrics, 'onvif_gateway_session_retransmissions_refused_total{camera="front-door"}')).toBe(6);
    expect(await value(metrics, 'onvif_gateway_session_skips_total{camera="front-door",reason="stalled"}')).toBe(5);
    expect(await value(metrics, 'onvif_gateway_session_skips_total{camera="front-door",reason="silent"}')).toBe(7);
    expect(await value(metrics, 'onvif_gateway_sessions_total{camera="front-door"}')).toBe(5);
    expect(await value(metrics, 'onvif_gateway_sessions{state="live"}')).toBe(2);
  });

  it('carries the metrics of the process', async () => {
    expect(await value(new Metrics(new StubView()), 'process_resident_memory_bytes')).toBeGreaterThan(1_000_000);
  });
});
