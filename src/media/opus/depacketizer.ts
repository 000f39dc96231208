import type { SoundFormat } from '../sound-format.ts';
import type { SoundDepacketizer, SoundFrame } from '../sound-frame.ts';
import type { PlacedPacket } from '../track.ts';
import { opusDuration } from './packet.ts';

/** Opus (RFC 7587): a packet in each packet. Whatever is in it passes as it came. */
export class OpusDepacketizer implements SoundDepacketizer {
  readonly format: SoundFormat;
  readonly malformed = 0;

  constructor(format: SoundFormat) {
    this.format = format;
  }

  push({ packet: { payload, marker }, timestamp }: PlacedPacket): SoundFrame[] {
    if (payload.length === 0) return [];
    const durationMs = opusDuration(payload);
    const duration = durationMs === undefined ? {} : { durationTicks: (durationMs * this.format.clockRate) / 1000 };
    return [{ payload, timestamp, ...duration, marker }];
  }
}
