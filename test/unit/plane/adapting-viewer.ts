import { vi } from 'vitest';
import type { Thinning } from '../../../src/base/adaptation.ts';
import { createLogger, silentLogger } from '../../../src/base/log.ts';
import { RequestPace } from '../../../src/media/keyframe-policy.ts';
import type { PathView } from '../../../src/peer/congestion/path-view.ts';
import { NOTHING_SENT } from '../../../src/peer/egress/egress-statistics.ts';
import { Adaptation, type AdaptationOptions } from '../../../src/plane/adaptation.ts';
import { CameraLadder } from '../../../src/plane/camera-ladder.ts';
import type { CameraSource, ProfileSource } from '../../../src/plane/messages.ts';
import { PulledProfile } from '../../../src/plane/pulled-profile.ts';
import { CALM } from '../peer/congestion/calm-path.ts';

/* One viewer of a camera with three profiles, whose path is what the test says; nothing is pulled, what is counted on plays, and time is vitest's. */

export const SOURCE: CameraSource = {
  id: 'yard',
  clockOffsetMs: 0,
  profiles: [
    ['main', 4000],
    ['mid', 1500],
    ['sub', 400],
  ].map(([token, bitrateKbps]) => ({
    token: String(token),
    uri: `rtsp://127.0.0.1:9/${token}`,
    video: { codec: 'H264', width: 1280, height: 720 },
    bitrateKbps: Number(bitrateKbps),
  })),
};

export interface FakeProfile {
  pulled: PulledProfile;
  /** How many count on it. */
  held: () => number;
  /** While somebody counts on it: it plays, or is asked for, or that failed. */
  state: 'playing' | 'connecting' | 'failed';
  /** For how long each who let it go had it linger; undefined: as the settings say. */
  readonly lingers: (number | undefined)[];
}

function fakeProfile(profile: ProfileSource): FakeProfile {
  const pulled = new PulledProfile({
    camera: SOURCE,
    profile,
    lingerMs: 0,
    keyframeCacheBytes: 1000,
    turn: () => Promise.resolve(),
    clock: { now: () => 0 },
    logger: silentLogger,
    onState: () => undefined,
    keyframePace: new RequestPace(),
    onKeyframeWanted: () => undefined,
  });
  let held = 0;
  const fake: FakeProfile = { pulled, held: () => held, state: 'playing', lingers: [] };
  vi.spyOn(pulled, 'retain').mockImplementation(() => void (held += 1));
  vi.spyOn(pulled, 'release').mockImplementation((lingerMs) => {
    held -= 1;
    fake.lingers.push(lingerMs);
  });
  vi.spyOn(pulled, 'isPulled', 'get').mockImplementation(() => held > 0);
  vi.spyOn(pulled, 'isPlaying', 'get').mockImplementation(() => held > 0 && fake.state === 'playing');
  vi.spyOn(pulled, 'hasFailed', 'get').mockImplementation(() => held > 0 && fake.state === 'failed');
  return fake;
}

class FakeSession {
  path: PathView = CALM;
  /** Each that was set. */
  readonly thinnings: Thinning[] = ['none'];
  /** `PROFILE JOIN` */
  readonly watched: string[] = [];
  readonly probes: number[] = [];

  get thinning(): Thinning {
    return this.thinnings.at(-1) ?? 'none';
  }

  set thinning(thinning: Thinning) {
    this.thinnings.push(thinning);
  }

  probe(bitsPerSecond: number): boolean {
    return this.probes.push(bitsPerSecond) > 0;
  }

  watch(profile: string, _: unknown, { join } = { join: 'now' }): void {
    this.watched.push(`${profile} ${join}`);
  }

  stats(): ReturnType<AdaptationOptions['session']['stats']> {
    return {
      ...{ ...NOTHING_SENT, firstPacketMs: null, sessionId: 's', cameraId: 'yard', profile: 'main', requestedProfile: 'main' },
      ...{ videoCodec: 'H264', videoConverted: false, audioCodec: 'PCMU', state: 'live', openedAt: 0 },
      ...{ path: null, sentKbps: 0, videoSsrc: 1, metadataDocuments: 0, metadataDropped: 0 },
    };
  }
}

/** A session and what is decided for it. */
export class Viewing {
  readonly profiles: ReadonlyMap<string, FakeProfile>;
  readonly lines: Record<string, unknown>[] = [];
  readonly ladder: CameraLadder;
  readonly adaptation: Adaptation;
  readonly session = new FakeSession();
  shown: PulledProfile;
  highest = 'main';

  constructor(source: Partial<CameraSource> = {}) {
    const all = [...SOURCE.profiles, ...(source.profiles ?? [])];
    this.profiles = new Map(all.map((profile) => [profile.token, fakeProfile(profile)]));
    const profiles = new Map([...this.profiles].map(([token, { pulled }]) => [token, pulled]));
    const logger = createLogger({
      destination: { write: (line: string) => void this.lines.push(JSON.parse(line) as Record<string, unknown>) },
      format: 'json',
    });
    this.ladder = new CameraLadder({ source: () => ({ ...SOURCE, ...source }), profiles, adaptive: true, logger });
    this.shown = this.of('main').pulled;
    this.shown.retain();
    this.adaptation = new Adaptation({
      session: this.session,
      ladder: this.ladder,
      pulled: (token) => profiles.get(token),
      clock: { now: () => 1_700_000_000_000 },
      logger,
    });
  }

  of(token: string): FakeProfile {
    const profile = this.profiles.get(token);
    if (profile === undefined) throw new Error(`there is no ${token}`);
    return profile;
  }

  /** Who is counted on, and how often. */
  get held(): Record<string, number> {
    const held: Record<string, number> = {};
    for (const [token, profile] of this.profiles) if (profile.held() !== 0) held[token] = profile.held();
    return held;
  }

  look(change: Partial<PathView> = {}, seconds = 0.2): void {
    this.session.path = { ...CALM, ...change };
    for (let at = 0; at < seconds * 5; at += 1) {
      vi.advanceTimersByTime(200);
      this.adaptation.look(this.highest, this.shown);
    }
  }

  /** The keyframe that is waited for has come. */
  join(token: string): void {
    const joined = this.adaptation.joined(token);
    if (joined === undefined) throw new Error(`${token} was not to be joined`);
    this.shown.release();
    this.shown = joined;
  }
}
