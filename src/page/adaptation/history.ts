import type { SessionInfo } from '../../base/api.ts';

/** How far back the chart goes. */
export const WINDOW_MS = 120_000;
/** More than are asked for in that time; a device whose clock is set must not make them many. */
const MAX_SAMPLES = 180;
const MAX_DECISIONS = 5;

/** One session at one moment; null is what is not known. */
export interface Sample {
  /** By this device's clock, milliseconds since 1970, as all times here. */
  atMs: number;
  estimateKbps: number | null;
  sentKbps: number | null;
  /** What that which is sent takes on average, and what it is. */
  rungKbps: number | null;
  rung: string | null;
  /** 0 to 1. */
  lossShare: number | null;
  roundTripMs: number | null;
}

export interface Decision {
  atMs: number;
  text: string;
}

/** What was seen of one session in the last two minutes, and the last things that were decided for it. */
export class AdaptationHistory {
  #samples: Sample[] = [];
  #decisions: Decision[] = [];
  /** Time of the newest decision, by the gateway's clock. */
  #decidedAt = Number.NEGATIVE_INFINITY;

  /** Oldest first. */
  get samples(): readonly Sample[] {
    return this.#samples;
  }

  /** Newest first. */
  get decisions(): readonly Decision[] {
    return this.#decisions;
  }

  /** @param gatewayAheadMs the gateway's clock minus this device's */
  add(
    { estimatedKbps, sentKbps, fractionLost, roundTripMs, adaptation }: SessionInfo,
    atMs: number,
    gatewayAheadMs: number,
  ): void {
    const rung = adaptation?.rungs[adaptation.rung];
    const sample: Sample = {
      atMs,
      estimateKbps: estimatedKbps,
      sentKbps,
      // 0 is said where nothing is known.
      rungKbps: rung === undefined || (rung.kbps === 0 && rung.thinning !== 'pictures') ? null : rung.kbps,
      rung: rung === undefined ? null : `${rung.profile} ${rung.thinning}`,
      lossShare: fractionLost,
      roundTripMs,
    };
    const recent = this.#samples.filter((each) => each.atMs < atMs && each.atMs >= atMs - WINDOW_MS);
    this.#samples = [...recent, sample].slice(-MAX_SAMPLES);
    const last = adaptation?.last ?? null;
    if (last === null || last.atMs <= this.#decidedAt) return;
    this.#decidedAt = last.atMs;
    this.#decisions = [{ atMs: last.atMs - gatewayAheadMs, text: last.text }, ...this.#decisions].slice(0, MAX_DECISIONS);
  }
}
