import type { AdaptationStats } from '../base/adaptation.ts';
import type { SessionInfo } from '../base/api.ts';
import { rungName } from '../base/rung-name.ts';
import type { SessionStatistics } from '../client/index.ts';

/** What `view --json` prints; part of what users rely on. */
export interface ViewResult {
  connected: boolean;
  timeToFirstFrameMs: number | null;
  frames: number;
  framesPerSecond: number | null;
  bitrateKbps: number | null;
  packets: number;
  lost: number;
  audioPackets: number;
  /** As named by --profile; null: none was named, and the camera chose its first. */
  profile: string | null;
  /** Its id in the gateway's `/api/sessions`; null where the server is no gateway. */
  session: string | null;
  /** What the gateway decided for this viewer, as in its `/api/sessions`; null where the server is no gateway, or the gateway decides nothing. */
  adaptation: AdaptationStats | null;
  /** Of {@link adaptation}: what was shown at the end, and how often it became another. */
  shownProfile: string | null;
  profileSwitches: number;
  metadataDocuments: number;
  /** Null: pictures came to the end, or to Ctrl+C. `detail`: what the other side said in its own words, where that is more. */
  error: { code: number; message: string; detail: string | null } | null;
}

/** What the gateway says of this viewer's session. */
type OwnInfo = Pick<SessionInfo, 'adaptation' | 'estimatedKbps'> | undefined;

/**
 * What `view` says once a second: what came, and where the server is a gateway what is shown; and in a line of its own what was decided since.
 *
 * @param before what was said of the session a second ago
 */
export function progressLines(
  {
    framesDecoded,
    framesPerSecond,
    bitrateKbps,
    lost,
  }: Pick<SessionStatistics, 'framesDecoded' | 'framesPerSecond' | 'bitrateKbps' | 'lost'>,
  own: OwnInfo,
  before: OwnInfo,
): string[] {
  const received = `${framesDecoded} frames (${framesPerSecond ?? 0}/s), ${Math.round(bitrateKbps ?? 0)} kbit/s, ${lost} packets lost`;
  const last = own?.adaptation?.last ?? null;
  const isNew = last !== null && last.atMs !== before?.adaptation?.last?.atMs;
  return [[received, ...decided(own)].join('; '), ...(isNew ? [last.text] : [])];
}

/** What is shown, and what the network is taken to carry. */
function decided(own: OwnInfo): string[] {
  const rung = own?.adaptation?.rungs[own.adaptation.rung];
  if (own === undefined || rung === undefined) return [];
  return [`shown: ${rungName(rung)}`, ...(own.estimatedKbps === null ? [] : [`the network carries ${own.estimatedKbps} kbit/s`])];
}

/** What `view` prints at the end. */
export function summary(result: ViewResult): string {
  const { error } = result;
  const why = error === null ? '' : [error.message, ...(error.detail === null ? [] : [error.detail])].join(' ');
  if (!result.connected) return `Not connected: ${why}`;
  const { timeToFirstFrameMs, frames, framesPerSecond, bitrateKbps, packets, lost, audioPackets, metadataDocuments } = result;
  return [
    `first frame   ${timeToFirstFrameMs === null ? 'none came' : `${timeToFirstFrameMs} ms`}`,
    `frames        ${frames} (${framesPerSecond ?? 0} in the last second)`,
    `bitrate       ${bitrateKbps ?? 0} kbit/s`,
    `packets       ${packets}, ${lost} lost`,
    `sound         ${audioPackets} packets`,
    `metadata      ${metadataDocuments} documents`,
    ...adapted(result),
    ...(error === null ? [] : [`failed        ${why}`]),
  ].join('\n');
}

function adapted({ adaptation }: ViewResult): string[] {
  const rung = adaptation?.rungs[adaptation.rung];
  if (adaptation === null || rung === undefined) return [];
  const { last, switches } = adaptation;
  return [
    `shown         ${rungName(rung)}`,
    `switches      ${switches}${last === null || switches === 0 ? '' : `, the last ${new Date(last.atMs).toISOString()}: ${last.text}`}`,
  ];
}
