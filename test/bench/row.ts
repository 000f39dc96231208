/** What was measured of one sender under one load. Null: that was not measured there. */
export interface Row {
  scenario: string;
  /** What differs from other rows beside the load, such as `2 workers`; empty: nothing. */
  variant: string;
  /** `own`, `werift` or the name of a peer. */
  sender: string;
  cameras: number;
  viewers: number;
  /** Of each camera. */
  mbit_s: number;
  /** That came to all viewers together. */
  packets_s: number | null;
  /** Of the sender's process, with all it does beside, for a packet that came. */
  cpu_us_per_packet: number | null;
  /** Of one core. */
  cpu_percent: number | null;
  /** From the camera's sending of a picture to each of its packets at a viewer. */
  latency_ms: Latency | null;
  /** The same of the packets of keyframes alone, and of those of all other pictures. */
  latency_of_keyframes_ms: Latency | null;
  latency_of_others_ms: Latency | null;
  /** From the beginning of a viewer to its first whole keyframe: of a camera that is pulled already, and of one that is not; medians. */
  first_frame_ms: { warm: number | null; cold: number | null };
  /** Resident memory of the sender's process. */
  rss_mb: number | null;
  /** How late 99 of 100 timers of the gateway's worst worker were at most, in the last second that was measured. */
  loop_delay_ms: number | null;
  /** What the other side did meanwhile; null where there was none. */
  receivers: Receivers | null;
  /** Why the row does not count; empty: it does. */
  flags: string[];
}

export interface Latency {
  p50: number;
  p99: number;
  max: number;
}

export interface Receivers {
  /** Of one core, of the busiest process. */
  cpu_percent: number;
  /** Packets that never came. */
  lost: number;
  /** Packets that their sockets had no room for. */
  dropped: number;
}

export function latencyOf(milliseconds: readonly number[]): Latency | null {
  if (milliseconds.length === 0) return null;
  const sorted = Float64Array.from(milliseconds).sort();
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}

/** @returns NaN where there is nothing */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low, high] = [sorted[sorted.length % 2 === 0 ? middle - 1 : middle], sorted[middle]];
  return low === undefined || high === undefined ? Number.NaN : (low + high) / 2;
}
