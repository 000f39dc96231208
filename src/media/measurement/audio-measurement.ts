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
/** ISO/IEC 14496-3 table 1.18. */
const AAC_RATES = [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000, 7350];

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
    const aac = readAacConfig(this.#track.fmtp.get('config'), this.#track.encodingName);
    const bytesPerSecond = this.#bytesPerSecond;
    return {
      sampleRateHz: this.#measuredRate() ?? aac?.sampleRateHz ?? this.#track.clockRate,
      channels: aac?.channels ?? this.#channels,
      bitrateKbps: bytesPerSecond === null ? null : (bytesPerSecond * 8) / 1000,
    };
  }

  get #bytesPerSecond(): number | null {
    if (this.#window === undefined) return null;
    const spanMs = this.#window.lastMs - this.#window.firstMs;
    return spanMs < MIN_SPAN_MS ? null : (this.#window.bytes * 1000) / spanMs;
  }

  /** Some cameras send G.711 at twice the rate that its name and payload type stand for. */
  #measuredRate(): number | undefined {
    const bytesPerSecond = this.#bytesPerSecond;
    if (!BYTE_A_SAMPLE.has(this.#track.encodingName) || bytesPerSecond === null) return undefined;
    const measured = bytesPerSecond / this.#channels;
    return G711_RATES.find((rate) => Math.abs(measured - rate) <= rate * TOLERANCE);
  }
}

/** Rate and channels in an AudioSpecificConfig (ISO/IEC 14496-3 section 1.6.2.1), as `config` of RFC 3640 has it, in hexadecimal. */
function readAacConfig(config: string | undefined, encodingName: string): { sampleRateHz: number; channels: number } | undefined {
  if (encodingName !== 'MPEG4-GENERIC' || config === undefined || !/^"?[\da-f]{4,}/i.test(config)) return undefined;
  const bits = Number.parseInt(config.replace('"', '').slice(0, 4), 16);
  const sampleRateHz = AAC_RATES[(bits >> 7) & 0x0f];
  const channels = (bits >> 3) & 0x0f;
  return sampleRateHz === undefined || channels === 0 ? undefined : { sampleRateHz, channels: channels === 7 ? 8 : channels };
}
