import { StreamClock } from '../../src/media/stream-clock.ts';
import { encodeSenderReport, parseRtcp } from '../../src/media/rtp/rtcp.ts';
import { encodeRtpPacket, timestampDistance } from '../../src/media/rtp/packet.ts';
import { timestampAt, type TimeMapping } from '../../src/media/rtp/timeline.ts';
import { TrackReceiver, type TrackDescription } from '../../src/media/track.ts';
import { Random } from '../fuzz/random.ts';

/* A camera in simulated time, whose clocks drift, and what viewers are told of its time. */

/** One track of the camera. */
export interface SimulatedTrack {
  /** How much faster than the camera's clock its samples are counted, parts in a million. */
  ppm?: number;
  /** From an instant to the packet of it at the gateway, at the soonest, milliseconds. */
  latencyMs?: number;
  /** Sender reports are so far apart, and begin so late, milliseconds; undefined: none. */
  reportEveryMs?: number | undefined;
  reportPhaseMs?: number;
  /** None from then on. */
  reportsUntilMs?: number;
  /** Reports come later than packets by up to this, milliseconds. */
  reportLateMs?: number;
  /** Reports name the timestamp of the last packet in place of that of their instant. */
  reportsLastPacket?: boolean;
  /** First RTP timestamp. */
  firstTimestamp?: number;
}

export interface SimulatedCamera {
  seed: number;
  hours: number;
  /** The camera's clock against ours, parts in a million. */
  ppm?: number;
  /** Most that packets are late beyond the soonest, milliseconds; most are far less. */
  jitterMs?: number;
  /** The camera's clock is set by so much at that time. */
  jump?: { atMs: number; byMs: number };
  /** The same of our clock. */
  ownJump?: { atMs: number; byMs: number };
  /** The connection stands still from then on for so long, and brings all at once then. */
  stall?: { atMs: number; forMs: number };
  video?: SimulatedTrack;
  audio?: SimulatedTrack;
}

/** What viewers were told, at worst. All in milliseconds. */
export interface ToldTimes {
  /** Picture against sound of the same instant. */
  skew: number;
  /** The camera's time of a picture and of a sound against the camera's clock. What just was set is not counted. */
  error: number;
  /** The same of the instant of a report. */
  reportError: number;
  /** How far what is told of an instant moves from one second to the next beyond what the camera's clock does: picture or sound. */
  step: number;
}

const START = Date.UTC(2026, 5, 1);
/** The camera's clock is not set right. */
const AHEAD_MS = 1234;
const SECOND = 1000;

interface Event {
  atMs: number;
  run: () => void;
}

/** Runs the camera, and has sender reports to viewers looked at each second, from `settledMs` on. Times of options count from the start. */
export function watchCamera(options: SimulatedCamera, settledMs = 30_000): ToldTimes {
  return new Simulation(options).run(settledMs);
}

class Track {
  readonly receiver: TrackReceiver;
  readonly description: TrackDescription;
  readonly frameMs: number;
  readonly #said: SimulatedTrack;
  readonly #onReport: () => void;
  readonly #ssrc: number;
  #sequenceNumber = 65_000;
  /** On the timeline, minus the camera's. */
  #offset = 0;
  #lastSent = 0;

  constructor(kind: 'video' | 'audio', said: SimulatedTrack, onReport: () => void) {
    this.#onReport = onReport;
    const [clockRate, frameMs] = kind === 'video' ? [90_000, 40] : [8000, 20];
    this.description = { kind, encodingName: kind === 'video' ? 'H264' : 'PCMU', payloadType: 96, clockRate, fmtp: new Map() };
    this.frameMs = frameMs;
    this.receiver = new TrackReceiver(this.description, 4_000_000_000);
    this.#said = said;
    this.#ssrc = clockRate;
  }

  /** The camera's RTP timestamp of an instant, by its own count. `cameraMs` since the start by a clock that is never set. */
  rtpAt(cameraMs: number): number {
    const { ppm = 0, firstTimestamp = 12_345 } = this.#said;
    const ticks = Math.round((cameraMs / 1000) * this.description.clockRate * (1 + ppm / 1e6));
    return (((firstTimestamp + ticks) % 2 ** 32) + 2 ** 32) % 2 ** 32;
  }

  /** The same on the timeline. */
  placeOf(cameraMs: number): number {
    return (this.rtpAt(cameraMs) + this.#offset) >>> 0;
  }

  /** The packet of an instant. */
  packet(cameraMs: number): (ownMs: number) => void {
    const timestamp = this.rtpAt(cameraMs);
    this.#lastSent = timestamp;
    this.#sequenceNumber = (this.#sequenceNumber + 1) & 0xffff;
    const payload = Buffer.from([1]);
    const bytes = encodeRtpPacket({
      ...{ payloadType: 96, marker: true, sequenceNumber: this.#sequenceNumber, timestamp, ssrc: this.#ssrc },
      payload,
    });
    return (ownMs) => {
      const placed = this.receiver.receive(bytes, ownMs);
      if (placed !== undefined) this.#offset = (placed.timestamp - timestamp) >>> 0;
    };
  }

  report(cameraMs: number, unixMs: number): (ownMs: number) => void {
    const rtpTimestamp = this.#said.reportsLastPacket === true ? this.#lastSent : this.rtpAt(cameraMs);
    const bytes = encodeSenderReport({ ssrc: this.#ssrc, unixMs, rtpTimestamp, packets: 1, octets: 1 }, 'camera');
    return (ownMs) => {
      for (const message of parseRtcp(bytes).messages) this.receiver.receiveRtcp(message, ownMs);
      this.#onReport();
    };
  }

  /** Whether a report is due between two times. */
  isReporting(atMs: number, stepMs: number): boolean {
    const { reportEveryMs, reportPhaseMs = 500, reportsUntilMs = Number.POSITIVE_INFINITY } = this.#said;
    if (reportEveryMs === undefined || atMs < reportPhaseMs || atMs >= reportsUntilMs) return false;
    return (atMs - reportPhaseMs) % reportEveryMs < stepMs;
  }

  get latencyMs(): number {
    return this.#said.latencyMs ?? 40;
  }

  get reportLateMs(): number {
    return this.#said.reportLateMs ?? 0;
  }
}

class Simulation {
  readonly #options: SimulatedCamera;
  readonly #random: Random;
  readonly #video: Track;
  readonly #audio: Track;
  readonly #clock: StreamClock;
  readonly #lastArrival = new Map<Track, number>();
  #events: Event[] = [];

  constructor(options: SimulatedCamera) {
    this.#options = options;
    this.#random = new Random(options.seed);
    this.#video = new Track('video', options.video ?? {}, () => this.#clock.compare());
    this.#audio = new Track('audio', options.audio ?? {}, () => this.#clock.compare());
    this.#clock = new StreamClock(AHEAD_MS + 30, () => [this.#video.receiver, this.#audio.receiver]);
  }

  run(settledMs: number): ToldTimes {
    const worst: ToldTimes = { skew: 0, error: 0, reportError: 0, step: 0 };
    let before: [number, number] | undefined;
    const endMs = this.#options.hours * 3_600_000;
    for (let atMs = 0; atMs < endMs; atMs += SECOND) {
      this.#second(atMs);
      // Looked at some time between packets.
      const nowMs = atMs + this.#random.below(1000);
      this.#deliver(nowMs);
      const told = this.#look(nowMs);
      if (told !== undefined && atMs >= settledMs) {
        const [picture, sound, report] = told;
        worst.skew = Math.max(worst.skew, Math.abs(picture - sound));
        if (!this.#wasSet(atMs - 20_000, nowMs)) {
          worst.error = Math.max(worst.error, Math.abs(picture), Math.abs(sound));
          worst.reportError = Math.max(worst.reportError, Math.abs(report));
          if (before !== undefined) worst.step = Math.max(worst.step, Math.abs(picture - before[0]), Math.abs(sound - before[1]));
        }
        before = [picture, sound];
      }
      this.#deliver(atMs + SECOND);
    }
    return worst;
  }

  /** The camera's clock since the start as if it were never set, at a true time. */
  #cameraMs(atMs: number): number {
    return atMs * (1 + (this.#options.ppm ?? 0) / 1e6);
  }

  /** What the camera's clock says. */
  #cameraUnixMs(atMs: number): number {
    const { jump } = this.#options;
    return START + AHEAD_MS + this.#cameraMs(atMs) + (jump !== undefined && atMs >= jump.atMs ? jump.byMs : 0);
  }

  #ownUnixMs(atMs: number): number {
    const { ownJump } = this.#options;
    return START + atMs + (ownJump !== undefined && atMs >= ownJump.atMs ? ownJump.byMs : 0);
  }

  #wasSet(fromMs: number, toMs: number): boolean {
    return [this.#options.jump, this.#options.ownJump].some(
      (jump) => jump !== undefined && jump.atMs >= fromMs && jump.atMs < toMs,
    );
  }

  #second(fromMs: number): void {
    for (const track of [this.#video, this.#audio]) {
      for (let atMs = fromMs; atMs < fromMs + SECOND; atMs += track.frameMs) {
        this.#send(track, atMs, 0, track.packet(this.#cameraMs(atMs)));
        if (!track.isReporting(atMs, track.frameMs)) continue;
        // Not in step with packets.
        const reportMs = atMs + this.#random.below(track.frameMs);
        const late = track.reportLateMs === 0 ? 0 : this.#random.below(track.reportLateMs);
        this.#send(track, reportMs, late, track.report(this.#cameraMs(reportMs), this.#cameraUnixMs(reportMs)), true);
      }
    }
  }

  /** What is sent at a time comes later: in order, by what the network adds. Reports are sent when they are made, without an encoder's delay. */
  #send(track: Track, atMs: number, lateMs: number, receive: (ownMs: number) => void, isReport = false): void {
    const { jitterMs = 60, stall } = this.#options;
    // Mostly little, at times all.
    const jitter = jitterMs * (this.#random.below(10_000) / 10_000) ** 4;
    let arrivalMs = atMs + (isReport ? 5 : track.latencyMs) + jitter + lateMs;
    if (stall !== undefined && arrivalMs >= stall.atMs && arrivalMs < stall.atMs + stall.forMs)
      arrivalMs = stall.atMs + stall.forMs;
    if (!isReport) {
      arrivalMs = Math.max(arrivalMs, this.#lastArrival.get(track) ?? 0);
      this.#lastArrival.set(track, arrivalMs);
    }
    this.#events.push({ atMs: arrivalMs, run: () => receive(this.#ownUnixMs(arrivalMs)) });
  }

  #deliver(untilMs: number): void {
    const due = this.#events.filter(({ atMs }) => atMs < untilMs).toSorted((a, b) => a.atMs - b.atMs);
    this.#events = this.#events.filter(({ atMs }) => atMs >= untilMs);
    for (const { run } of due) run();
  }

  /** Against the camera's clock: what a viewer makes of the newest picture and sound, and the time of its sender reports. */
  #look(nowMs: number): [picture: number, sound: number, report: number] | undefined {
    const ownNow = this.#ownUnixMs(nowMs);
    const toldNow = ownNow + this.#clock.cameraOffsetMs;
    // An instant of which picture and sound have come.
    const instantMs = nowMs - 200;
    const truth = this.#cameraUnixMs(nowMs) - 200 * (1 + (this.#options.ppm ?? 0) / 1e6);
    const told = [this.#video, this.#audio].map((track) => {
      const mapping = this.#clock.timeOf(track.receiver);
      if (mapping === undefined) return undefined;
      const { clockRate } = track.description;
      // As a sender report has it, and as its receiver places a timestamp by it.
      const report: TimeMapping = { unixMs: toldNow, timestamp: timestampAt(mapping, toldNow, clockRate) };
      const place = track.placeOf(this.#cameraMs(instantMs));
      return report.unixMs + (timestampDistance(report.timestamp, place) / clockRate) * 1000 - truth;
    });
    const [picture, sound] = told;
    if (picture === undefined || sound === undefined) return undefined;
    return [picture, sound, toldNow - this.#cameraUnixMs(nowMs)];
  }
}
