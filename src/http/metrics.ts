import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import type { CameraInfo, DeviceStats, SignalingStats } from '../base/api.ts';
import type { TranscoderCosts } from '../base/transcoders.ts';
import type { CameraCost, MediaStats, SessionCounters, StreamStats, WorkerStats } from '../plane/messages.ts';
import { adaptationMetrics } from './adaptation-metrics.ts';
import type { DiscoveryStats, GatewayView } from './gateway-view.ts';

/** What one answer of `/metrics` is made from. */
interface Sample {
  cameras: CameraInfo[];
  media: MediaStats;
  workers: WorkerStats[];
  cameraCosts: CameraCost[];
  transcoders: TranscoderCosts[];
  ready: boolean;
  devices: DeviceStats[];
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
    this.#addTalkMetrics();
    this.#addWorkerMetrics();
    this.#addEventMetrics();
    this.#addTranscoderMetrics();
    this.#addDeviceMetrics();
    this.#addSignalingMetrics();
    this.#addDiscoveryMetrics();
    this.#fills.push(adaptationMetrics(this.#registry));
  }

  /** The exposition text of this moment. */
  async text(): Promise<string> {
    const media = await this.#view.mediaStats();
    const sample = {
      media,
      workers: this.#view.workerStats(),
      cameraCosts: this.#view.cameraCosts(),
      transcoders: this.#view.transcoderCosts(),
      cameras: this.#view.cameras(),
      ready: this.#view.ready().ready,
      devices: this.#view.deviceStats(),
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
    this.#streamCounter(
      'conversion_dropped',
      'Pieces of sound and pictures that were to be converted, and that no ffmpeg took in time.',
      (stream) => stream.conversionsDropped,
    );
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
    this.#sessionCounter(
      'retransmissions_refused',
      'Packets that viewers asked for and were not sent again: too old, asked for too often, or above the bitrate that they allow.',
      'retransmissionsRefused',
    );
    this.#sessionCounter('packets_dropped', 'Packets not sent: no keyframe yet, path too slow, above TMMBR.', 'packetsDropped');
    const skips = this.#counter(
      'session_skips',
      'Times that a viewer was skipped to a keyframe: its path took pictures too slowly (stalled), it ceased to say that they arrive (silent).',
      ['camera', 'reason'],
    );
    this.#fills.push(({ media }) => {
      skips.reset();
      for (const { cameraId: camera, skipsStalled, skipsSilent } of [...media.sessions, ...media.ended]) {
        skips.inc({ camera, reason: 'stalled' }, skipsStalled);
        skips.inc({ camera, reason: 'silent' }, skipsSilent);
      }
    });
    this.#sessionCounter('keyframe_requests', 'PLI and FIR from viewers.', 'keyframeRequests');
    this.#sessionCounter('metadata_documents', 'Metadata documents to viewers.', 'metadataDocuments');
    this.#sessionCounter('metadata_dropped', 'Metadata documents not sent to a slow viewer.', 'metadataDropped');
  }

  #addTalkMetrics(): void {
    const talking = this.#gauge('camera_talking', '1 while a viewer is heard by the camera, else 0.', ['camera']);
    this.#fills.push(({ media }) => {
      talking.reset();
      for (const talk of media.talks) talking.set({ camera: talk.cameraId }, talk.session === null ? 0 : 1);
    });
    const counts = [
      ['talks', 'Times that a viewer began to talk to the camera.', 'talks'],
      ['talks_refused', 'Times that a viewer was told that the camera does not hear him.', 'refused'],
      ['talk_packets_sent', 'RTP packets of speech to the camera.', 'packetsSent'],
      ['talk_packets_lost', 'Packets of speech from viewers that never came, or too late.', 'packetsLost'],
    ] as const;
    for (const [name, help, counted] of counts) {
      const counter = this.#counter(name, help, ['camera']);
      this.#fills.push(({ media }) => {
        counter.reset();
        for (const talk of media.talks) counter.inc({ camera: talk.cameraId }, talk[counted]);
      });
    }
  }

  #addEventMetrics(): void {
    const counts = [
      ['notifications', 'Event notifications from the camera.', 'notifications'],
      ['notifications_dropped', 'Event notifications that cannot be passed on.', 'dropped'],
      ['documents', 'Metadata documents made of events.', 'documents'],
      ['subscriptions', 'Subscriptions to events that were made.', 'subscriptions'],
    ] as const;
    for (const [name, help, counted] of counts) {
      const counter = this.#counter(`event_${name}`, help, ['camera']);
      this.#fills.push(({ cameras }) => {
        counter.reset();
        for (const { id, events } of cameras) if (events !== null) counter.inc({ camera: id }, events[counted]);
      });
    }
  }

  #addWorkerMetrics(): void {
    const held = [
      ['running', '1 while the worker of the media plane runs, else 0.', ({ running }: WorkerStats) => (running ? 1 : 0)],
      ['cameras', 'Cameras of the worker.', ({ cameras }: WorkerStats) => cameras],
      [
        'utilization',
        'Share of the last second in which the worker was not idle, 0 to 1.',
        ({ utilization }: WorkerStats) => utilization,
      ],
      [
        'delay_seconds',
        'How late timers of the worker were in the last second; 99 of 100 were no later.',
        ({ delayMs }: WorkerStats) => delayMs / 1000,
      ],
      [
        'expected_utilization',
        'What the cameras of the worker cost in sum, each when it was last watched, in cores: by this cameras are spread over workers.',
        ({ expected }: WorkerStats) => expected,
      ],
    ] as const;
    for (const [name, help, value] of held) {
      const gauge = this.#gauge(`worker_${name}`, help, ['worker']);
      this.#fills.push(({ workers }) => workers.forEach((worker, index) => gauge.set({ worker: index }, value(worker))));
    }
    const counts = [
      [
        'restarts',
        'Times that the worker died and was started again; what its streams and sessions counted begins anew.',
        'restarts',
      ],
      ['moves', 'Idle cameras that came from busier workers: DESCRIBE and counters of streams and talks begin anew.', 'moves'],
    ] as const;
    for (const [name, help, counted] of counts) {
      const counter = this.#counter(`worker_${name}`, help, ['worker']);
      this.#fills.push(({ workers }) => {
        counter.reset();
        for (const [worker, stats] of workers.entries()) counter.inc({ worker }, stats[counted]);
      });
    }
    const costs = this.#gauge(
      'camera_cost',
      'Share of a core that the camera costs its worker while it is watched: the mean of some 20 s in which it was.',
      ['camera'],
    );
    this.#fills.push(({ cameraCosts }) => {
      costs.reset();
      for (const { cameraId, cost } of cameraCosts) costs.set({ camera: cameraId }, cost);
    });
  }

  #addTranscoderMetrics(): void {
    const running = this.#gauge(
      'transcoders',
      'Processes of ffmpeg that run: for viewers sound or pictures, for cameras speech.',
      ['kind'],
    );
    this.#fills.push(({ transcoders }) => transcoders.forEach((costs) => running.set({ kind: costs.kind }, costs.running)));
    const counts = [
      ['transcoders_started', 'Processes of ffmpeg that were started.', 'started'],
      ['transcoders_failed', 'Processes of ffmpeg that ended without having been told to.', 'failed'],
      ['transcoder_cpu_seconds', 'Processor time of the processes of ffmpeg.', 'cpuSeconds'],
    ] as const;
    for (const [name, help, counted] of counts) {
      const counter = this.#counter(name, help, ['kind']);
      this.#fills.push(({ transcoders }) => {
        counter.reset();
        for (const costs of transcoders) counter.inc({ kind: costs.kind }, costs[counted]);
      });
    }
  }

  #addDeviceMetrics(): void {
    const counts = [
      ['attempts_failed', 'Attempts to register at the signaling server that failed.', 'failedAttempts'],
      ['connections_lost', 'Connections to the signaling server that ended while registered.', 'lostConnections'],
      ['frames_malformed', 'Frames of the signaling server that could not be read.', 'malformedFrames'],
      ['messages_dropped', 'Messages of the signaling server about no session.', 'droppedMessages'],
      ['sessions_refused', 'Requests for a session that were refused.', 'refusedSessions'],
    ] as const;
    for (const [name, help, counted] of counts) {
      const counter = this.#counter(`device_${name}`, help, ['camera']);
      this.#fills.push(({ devices }) => {
        counter.reset();
        for (const device of devices) counter.inc({ camera: device.camera }, device[counted]);
      });
    }
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
