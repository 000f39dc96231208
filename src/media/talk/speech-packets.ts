import { AAC_FRAME_SAMPLES, AdtsParser } from '../aac/adts.ts';
import { isG711, levelOfG711, SILENCE } from '../g711/companding.ts';
import type { SoundPacket } from './playout-queue.ts';
import type { SpeechFormat } from './speech-format.ts';

/** RFC 3551 section 4.2. */
const DEFAULT_PACKET_MS = 20;
const MIN_PACKET_MS = 10;
const MAX_PACKET_MS = 120;
/** -dBov (RFC 6464): below it nobody misses anything. */
const SILENT_LEVEL = 60;

/** Cuts what an encoder makes, in whatever pieces it comes, into the payloads of packets. */
export interface SpeechPackets {
  push(bytes: Buffer): SoundPacket[];
  /** The rest of a spurt, filled up; undefined where there is none. */
  flush(): SoundPacket | undefined;
}

/** @param packetMs as the camera wants it; undefined: as usual */
export function speechPackets(format: SpeechFormat, packetMs: number | undefined): SpeechPackets {
  return format.codec === 'AAC' ? new AacPackets(format) : new SamplePackets(format, packetMs ?? DEFAULT_PACKET_MS);
}

/** G.711 and G.726: so many bits a sample. */
class SamplePackets implements SpeechPackets {
  readonly #format: SpeechFormat;
  readonly #durationMs: number;
  readonly #bytes: number;
  #pending: Buffer = Buffer.alloc(0);

  constructor(format: SpeechFormat, packetMs: number) {
    this.#format = format;
    this.#durationMs = Math.min(MAX_PACKET_MS, Math.max(MIN_PACKET_MS, Math.round(packetMs / MIN_PACKET_MS) * MIN_PACKET_MS));
    this.#bytes = (this.#samples() * format.channels * format.bitsPerSample) / 8;
  }

  push(bytes: Buffer): SoundPacket[] {
    const buffer = Buffer.concat([this.#pending, bytes]);
    const packets: SoundPacket[] = [];
    let offset = 0;
    for (; offset + this.#bytes <= buffer.length; offset += this.#bytes)
      packets.push(this.#packet(buffer.subarray(offset, offset + this.#bytes)));
    this.#pending = buffer.subarray(offset);
    return packets;
  }

  flush(): SoundPacket | undefined {
    const { codec } = this.#format;
    const rest = this.#pending;
    this.#pending = Buffer.alloc(0);
    // Of G.726, which goes on from what was before, there is no silence to fill up with.
    if (rest.length === 0 || !isG711(codec)) return undefined;
    return this.#packet(Buffer.concat([rest, Buffer.alloc(this.#bytes - rest.length, SILENCE[codec])]));
  }

  #packet(payload: Buffer): SoundPacket {
    const { codec } = this.#format;
    const isSilent = isG711(codec) && levelOfG711(payload, codec) >= SILENT_LEVEL;
    return { payload, samples: this.#samples(), durationMs: this.#durationMs, isSilent };
  }

  #samples(): number {
    return (this.#format.clockRate * this.#durationMs) / 1000;
  }
}

/** One access unit a packet (RFC 3640, mode AAC-hbr): 16 bits that say how long the headers are, 13 of size, 3 of index. */
class AacPackets implements SpeechPackets {
  readonly #durationMs: number;
  readonly #parser = new AdtsParser();

  constructor({ clockRate }: SpeechFormat) {
    this.#durationMs = (AAC_FRAME_SAMPLES * 1000) / clockRate;
  }

  push(bytes: Buffer): SoundPacket[] {
    return this.#parser.push(bytes).map((unit) => {
      const payload = Buffer.alloc(4 + unit.length);
      payload.writeUInt16BE(16, 0);
      payload.writeUInt16BE(unit.length << 3, 2);
      unit.copy(payload, 4);
      return { payload, samples: AAC_FRAME_SAMPLES, durationMs: this.#durationMs, isSilent: false };
    });
  }

  flush(): undefined {
    return undefined;
  }
}
