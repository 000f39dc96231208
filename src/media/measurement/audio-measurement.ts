import { parseAudioSpecificConfig } from '../aac/audio-specific-config.ts';
import { soundFormat } from '../sound-track.ts';
import { TrackReceiver, type TrackDescription } from '../track.ts';

/** What a sound track turned out to be. */
export interface AudioFigures {
  /** Samples of a channel in a second: of G.711 as its bytes come in, of others as they say of themselves. */
  sampleRateHz: number | null;
  channels: number;
  bitrateKbps: number | null;
}

/** Rates at which cameras send G.711; what is measured lies near one of them. */
const G711_RATES = [8000, 16_000, 32_000, 48_000];
/** Packets come unevenly. */
const TOLERANCE = 0.1;
/** What a camera or a server had kept comes at once, and says nothing of a rate; nor does less than this. */
const BURST_MS = 1000;
const MIN_SPAN_MS = 1000;
/** G.711: a byte a sample (RFC 3551 section 4.5.14). */
const BYTE_A_SAMPLE: ReadonlySet<string> = new Set(['PCMU', 'PCMA']);

/** Measures a sound track. */
export class AudioMeasurement {
  readonly receiver: TrackReceiver;
  readonly #track: TrackDescription;
  readonly #channels: number;
  #startedMs: number | undefined;
  /** From the first packet behind the burst to the last; the bytes without its own. */
  #window: { firstMs: number; lastMs: number; bytes: number } | undefined;

  /** @param channels as the SDP says */
  constructor(track: TrackDescription, channels: number) {
    this.receiver = new TrackReceiver(track, 0);
    this.#track = track;
    this.#channels = channels;
  }

  receive(bytes: Buffer, arrivalMs: number): void {
    const placed = this.receiver.receive(bytes, arrivalMs);
    if (placed === undefined) return;
    this.#startedMs ??= arrivalMs;
    if (arrivalMs - this.#startedMs < BURST_MS) return;
    if (this.#window === undefined) {
      this.#window = { firstMs: arrivalMs, lastMs: arrivalMs, bytes: 0 };
    } else {
      this.#window.lastMs = arrivalMs;
      this.#window.bytes += placed.packet.payload.length;
    }
  }

  get figures(): AudioFigures {
    const config = soundFormat(this.#track)?.config;
    const aac = config && parseAudioSpecificConfig(config);
    const g711Rate = this.#g711Rate();
    // Of G.711 the rate says it exactly; what came in a time is off by how unevenly it came.
    const bytesPerSecond = g711Rate === undefined ? this.#bytesPerSecond : g711Rate * this.#channels;
    return {
      sampleRateHz: g711Rate ?? aac?.outputRate ?? this.#track.clockRate,
      channels: aac?.channels ?? this.#channels,
      bitrateKbps: bytesPerSecond === null ? null : (bytesPerSecond * 8) / 1000,
    };
  }

  get #bytesPerSecond(): number | null {
    if (this.#window === undefined) return null;
    const spanMs = this.#window.lastMs - this.#window.firstMs;
    return spanMs < MIN_SPAN_MS ? null : (this.#window.bytes * 1000) / spanMs;
  }

  /** Hertz, as measured: some cameras send G.711 at twice the rate that its name and payload type stand for. */
  #g711Rate(): number | undefined {
    const bytesPerSecond = this.#bytesPerSecond;
    if (!BYTE_A_SAMPLE.has(this.#track.encodingName) || bytesPerSecond === null) return undefined;
    const measured = bytesPerSecond / this.#channels;
    return G711_RATES.find((rate) => Math.abs(measured - rate) <= rate * TOLERANCE);
  }
}
