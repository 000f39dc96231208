import { nalType as nalType264 } from '../h264/nal.ts';
import { nalType as nalType265 } from '../h265/nal.ts';

/** RFC 6184 table 1. */
const H264_KINDS = new Map([
  [24, 'STAP-A'],
  [25, 'STAP-B'],
  [26, 'MTAP16'],
  [27, 'MTAP24'],
  [28, 'FU-A'],
  [29, 'FU-B'],
]);
/** RFC 7798 section 4.4. */
const H265_KINDS = new Map([
  [48, 'AP'],
  [49, 'FU'],
  [50, 'PACI'],
]);

/** In which kinds of packets a camera puts its NAL units. */
export class Packetization {
  readonly #kindOf: (payload: Buffer) => string | undefined;
  readonly #kinds = new Set<string>();
  #largestPayload = 0;

  constructor(encodingName: string) {
    this.#kindOf = kindReader(encodingName);
  }

  /** In the order in which they were seen first. */
  get kinds(): string[] {
    return [...this.#kinds];
  }

  /** Bytes. */
  get largestPayload(): number {
    return this.#largestPayload;
  }

  add(payload: Buffer): void {
    if (payload.length === 0) return;
    this.#largestPayload = Math.max(this.#largestPayload, payload.length);
    const kind = this.#kindOf(payload);
    if (kind !== undefined) this.#kinds.add(kind);
  }
}

function kindReader(encodingName: string): (payload: Buffer) => string | undefined {
  if (encodingName === 'H264') return (payload) => H264_KINDS.get(nalType264(payload)) ?? 'single NAL unit';
  if (encodingName === 'H265') return (payload) => H265_KINDS.get(nalType265(payload)) ?? 'single NAL unit';
  return () => undefined;
}
