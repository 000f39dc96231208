import type { LadderInfo } from '../base/api.ts';
import type { StreamStats } from '../plane/messages.ts';

/** A profile as far as its place on a ladder goes. */
export interface LadderProfile {
  token: string;
  /** As the camera's configuration has it; null while nothing is known. */
  video: { codec: string; bitrateKbps: number | null } | null;
  /** Null where the device has one input. */
  videoSource: string | null;
}

/** Of one camera: a ladder for each input and codec, its profiles by what they were measured to take, the lowest first. */
export function cameraLadders(profiles: readonly LadderProfile[], streams: readonly StreamStats[]): LadderInfo[] {
  const known = profiles.flatMap(({ token, video, videoSource }) => {
    if (video === null) return [];
    const measuredKbps = streams.find(({ profile }) => profile === token)?.measuredKbps ?? null;
    return [{ videoSource, codec: video.codec, rung: { profile: token, measuredKbps, configuredKbps: video.bitrateKbps } }];
  });
  const groups = Map.groupBy(known, ({ videoSource, codec }) => JSON.stringify([videoSource, codec]));
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const rungs = group.map(({ rung }) => rung).toSorted((a, b) => takes(a) - takes(b));
    return [{ videoSource: first.videoSource, codec: first.codec, rungs }];
  });
}

/** Of what nothing is known is taken to be the highest. */
function takes({ measuredKbps, configuredKbps }: LadderInfo['rungs'][number]): number {
  return measuredKbps ?? configuredKbps ?? Number.MAX_SAFE_INTEGER;
}
