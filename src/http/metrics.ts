import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import type { CameraInfo } from '../base/api.ts';
import type { MediaStats, SessionCounters, StreamStats } from '../plane/messages.ts';
import type { DiscoveryStats, GatewayView, SignalingStats } from './gateway-view.ts';

/** What one answer of `/metrics` is made from. */
interface Sample {
  cameras: CameraInfo[];
  media: MediaStats;
  ready: boolean;
  signaling: SignalingStats | undefined;
  discovery: DiscoveryStats | undefined;
}

type Fill = (sample: Sample) => void;

/**
 * The Prometheus metrics of one gateway. Ours start with `onvif_gateway_`; those of the process keep the names that every
 * Node dashboard knows (`process_*`, `nodejs_*`). Labels are ids from the config, never names, addresses or tokens.
 */
export class Metrics {
  readonly contentType: string;
  readonly #view: GatewayView;
  readonly #registry = new Registry();
  readonly #fills: Fill[] = [];

  constructor(view: GatewayView) {
    this.#view = view;
    this.contentType = this.#registry.contentType;
    collectDefaultMetrics({ register: this.#registry });
    this.#addGatewayMetrics();
    this.#addStreamMetrics();
    this.#addSessionMetrics();
    this.#addSignalingMetrics();
    this.#addDiscoveryMetrics();
  }

  /** The exposition text of this moment. */
  async text(): Promise<string> {
    const media = await this.#view.mediaStats();
    const sample = {
      media,
      cameras: this.#view.cameras(),
      ready: this.#view.ready().ready,
      signaling: this.#view.signalingStats(),
      discovery: this.#view.discoveryStats(),
    };
    for (const fill of this.#fills) fill(sample);
    return this.#registry.metrics();
  }

  #addGatewayMetrics(): void {
    const ready = this.#gauge('ready', '1 when the gateway serves what its config says, else 0.', []);
    const cameras = this.#gauge('cameras', 'Cameras by state.', ['state']);
    const registered = this.#gauge('cameras_registered', 'Cameras registered at their signaling server.', []);
    const up = this.#gauge('camera_up', '1 when the camera is online, else 0.', ['camera']);
    const viewers = this.#gauge('camera_viewers', 'Viewers of the camera.', ['camera']);
    this.#fills.push((sample) => {
      ready.set(sample.ready ? 1 : 0);
      setCounts(cameras, ['connecting', 'online', 'failed'], sample.cameras);
      registered.set(sample.cameras.filter((camera) => camera.signaling.state === 'registered').length);
      up.reset();
      viewers.reset();
      for (const camera of sample.cameras) {
        up.set({ camera: camera.id }, camera.state === 'online' ? 1 : 0);
        viewers.set({ camera: camera.id }, camera.viewers);
      }
    });
  }

  #addStreamMetrics(): void {
    const streams = this.#gauge('streams', 'Pulled profiles by state.', ['state']);
    const readers = this.#gauge('stream_readers', 'Viewers that a pulled profile feeds.', ['camera', 'profile']);
    this.#fills.push(({ media }) => {
      setCounts(streams, ['idle', 'connecting', 'playing', 'failed'], media.streams);
      readers.reset();
      for (const stream of media.streams) readers.set({ camera: stream.cameraId, profile: stream.profile }, stream.readers);
    });
    this.#streamCounter('packets_received', 'RTP packets from the camera.', (stream) => stream.packetsReceived);
    this.#streamCounter('packets_lost', 'RTP packets that the camera sent and that never came.', (stream) => stream.packetsLost);
    this.#streamCounter('packets_malformed', 'Packets that could not be read.', (stream) => stream.packetsMalformed);
    this.#streamCounter('received_bytes', 'Bytes of media from the camera.', (stream) => stream.bytesReceived);
    this.#streamCounter('access_units', 'Pictures from the camera.', (stream) => stream.accessUnits);
    this.#streamCounter('keyframes', 'Keyframes from the camera.', (stream) => stream.keyframes);
    this.#streamCounter(
      'access_units_dropped',
      'Pictures not handed on: damaged, or without what they refer to.',
      (stream) => stream.accessUnitsDropped,
    );
    this.#streamCounter('metadata_dropped', 'Metadata documents not handed on.', (stream) => stream.metadataDropped);
    this.#streamCounter('garbage_bytes', 'Bytes that could not be read as RTSP.', (stream) => stream.garbageBytes);
    this.#streamCounter('stalls', 'Times the media stopped on a connection that stood.', (stream) => stream.stalls);
    this.#streamCounter('reconnects', 'Times the RTSP connection was made anew.', (stream) => stream.reconnects);
  }

  #addSessionMetrics(): void {
    const sessions = this.#gauge('sessions', 'Sessions of viewers by state.', ['state']);
    this.#fills.push(({ media }) => setCounts(sessions, ['connecting', 'live', 'closed'], media.sessions));
    const total = this.#counter('sessions', 'Sessions of viewers since the start.', ['camera']);
    this.#fills.push(({ media }) => {
      total.reset();
      for (const { cameraId } of media.sessions) total.inc({ camera: cameraId });
      for (const { cameraId, sessions: ended } of media.ended) total.inc({ camera: cameraId }, ended);
    });
    this.#sessionCounter('packets_sent', 'RTP packets to viewers.', 'packetsSent');
    this.#sessionCounter('sent_bytes', 'Bytes of media to viewers.', 'bytesSent');
    this.#sessionCounter('packets_retransmitted', 'Packets sent again (RTX).', 'packetsRetransmitted');
    this.#sessionCounter('packets_dropped', 'Packets not sent because a viewer was slow.', 'packetsDropped');
    this.#sessionCounter('keyframe_requests', 'PLI and FIR from viewers.', 'keyframeRequests');
    this.#sessionCounter('metadata_documents', 'Metadata documents to viewers.', 'metadataDocuments');
    this.#sessionCounter('metadata_dropped', 'Metadata documents not sent to a slow viewer.', 'metadataDropped');
  }

  #addSignalingMetrics(): void {
    const held = [
      ['connections', 'WebSockets at the embedded signaling server.', 'connections'],
      ['devices', 'Devices registered at the embedded signaling server.', 'devices'],
      ['clients', 'Clients registered at the embedded signaling server.', 'clients'],
      ['sessions', 'Sessions at the embedded signaling server.', 'sessions'],
    ] as const;
    for (const [name, help, counted] of held) {
      const gauge = this.#gauge(`signaling_${name}`, help, []);
      this.#fills.push(({ signaling }) => gauge.set(signaling?.[counted] ?? 0));
    }
    const counts = [
      ['connections_refused', 'WebSockets refused, cut off or not registered in time.', 'refusedConnections'],
      ['tokens_refused', 'Tokens that were not accepted.', 'refusedTokens'],
      ['frames_malformed', 'WebSocket frames that could not be read.', 'malformedFrames'],
      ['messages_dropped', 'Messages not passed on.', 'droppedMessages'],
    ] as const;
    for (const [name, help, counted] of counts) {
      const counter = this.#counter(`signaling_${name}`, help, []);
      this.#fills.push(({ signaling }) => {
        counter.reset();
        counter.inc(signaling?.[counted] ?? 0);
      });
    }
  }

  #addDiscoveryMetrics(): void {
    const devices = this.#gauge('discovery_devices', 'ONVIF devices that discovery sees on the network.', []);
    this.#fills.push(({ discovery }) => devices.set(discovery?.devices ?? 0));
    const counts = [
      ['searches', 'Searches of the network by discovery.', 'searches'],
      ['datagrams_ignored', 'Datagrams to discovery that were neither answers to it nor announcements of devices.', 'ignored'],
      ['devices_refused', 'Answers and announcements of devices for which there was no room.', 'refused'],
    ] as const;
    for (const [name, help, counted] of counts) {
      const counter = this.#counter(`discovery_${name}`, help, []);
      this.#fills.push(({ discovery }) => {
        counter.reset();
        counter.inc(discovery?.[counted] ?? 0);
      });
    }
  }

  #gauge(name: string, help: string, labelNames: string[]): Gauge {
    return new Gauge({ name: `onvif_gateway_${name}`, help, labelNames, registers: [this.#registry] });
  }

  #counter(name: string, help: string, labelNames: string[]): Counter {
    return new Counter({ name: `onvif_gateway_${name}_total`, help, labelNames, registers: [this.#registry] });
  }

  #streamCounter(name: string, help: string, value: (stream: StreamStats) => number): void {
    const counter = this.#counter(`stream_${name}`, help, ['camera', 'profile']);
    this.#fills.push(({ media }) => {
      counter.reset();
      for (const stream of media.streams) counter.inc({ camera: stream.cameraId, profile: stream.profile }, value(stream));
    });
  }

  /** Summed per camera, over sessions that are and that were: a label for each session would grow without end. */
  #sessionCounter(name: string, help: string, counted: keyof SessionCounters): void {
    const counter = this.#counter(`session_${name}`, help, ['camera']);
    this.#fills.push(({ media }) => {
      counter.reset();
      for (const session of [...media.sessions, ...media.ended]) counter.inc({ camera: session.cameraId }, session[counted]);
    });
  }
}

/** Sets the gauge for every state, also those that none is in, so that a graph shows 0 and not a gap. */
function setCounts(gauge: Gauge, states: string[], items: { state: string }[]): void {
  for (const state of states) gauge.set({ state }, items.filter((item) => item.state === state).length);
}
