import type { RecentLoss } from './loss-window.ts';

/* How numbers are written on the page: with units, and a dash for what is not known. All pure. */

export const UNKNOWN = '–';

/** `85 ms`, `1.2 s`, `14 s`, `5 min`, `2 h`. */
export function formatDuration(ms: number | null): string {
  if (ms === null) return UNKNOWN;
  const positive = Math.max(0, ms);
  if (positive < 999.5) return `${Math.round(positive)} ms`;
  if (positive < 9950) return `${(positive / 1000).toFixed(1)} s`;
  if (positive < 119_500) return `${Math.round(positive / 1000)} s`;
  return positive < 7_170_000 ? `${Math.round(positive / 60_000)} min` : `${Math.round(positive / 3_600_000)} h`;
}

/** `480 kbit/s`, `2.1 Mbit/s`. */
export function formatBitrate(kbps: number | null): string {
  if (kbps === null) return UNKNOWN;
  return kbps < 999.5 ? `${Math.round(kbps)} kbit/s` : `${(kbps / 1000).toFixed(1)} Mbit/s`;
}

/** `812 B`, `9.4 kB`, `120 kB`, `3.1 MB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 9950) return `${(bytes / 1000).toFixed(1)} kB`;
  return bytes < 999_500 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** `0 %`, `0.4 % (12 packets)`. */
export function formatLoss(loss: RecentLoss | null): string {
  if (loss === null) return UNKNOWN;
  return loss.packets === 0 ? '0 %' : `${formatShare(loss.share)} (${formatCount(loss.packets, 'packet')})`;
}

/** `0 %`, `0.4 %`, `12 %`. */
export function formatShare(share: number | null): string {
  if (share === null) return UNKNOWN;
  const percent = share * 100;
  if (percent === 0) return '0 %';
  return `${percent >= 9.95 ? percent.toFixed(0) : percent >= 0.1 ? percent.toFixed(1) : '< 0.1'} %`;
}

/** `1280 × 720`. */
export function formatSize(width: number | null, height: number | null): string {
  return width === null || height === null ? UNKNOWN : `${width} × ${height}`;
}

/** `25 fps`. */
export function formatFrameRate(framesPerSecond: number | null): string {
  return framesPerSecond === null ? UNKNOWN : `${Math.round(framesPerSecond)} fps`;
}

/** Whole seconds until `at`, at least 1, so that a countdown never shows 0. */
export function secondsUntil(at: number, now: number): number {
  return Math.max(1, Math.ceil((at - now) / 1000));
}

/** `1 camera`, `4 cameras`. */
export function formatCount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
