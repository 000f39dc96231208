import * as fc from 'fast-check';
import { expect, vi } from 'vitest';
import type { Thinning } from '../../../../src/base/adaptation.ts';
import { timestampDistance } from '../../../../src/media/rtp/packet.ts';
import { missingOf, picturesOf, soundOf, VIDEO_SSRC } from './profile-camera.ts';
import { SwitchingViewer } from './switching-viewer.ts';

/** What may happen to a viewer, and for how long it is left then. */
interface Step {
  thinning?: Thinning;
  /** Profile that it goes over to, and how. */
  watch?: { profile: number; join: 'now' | 'keyframe' };
  cancel?: true;
  /** Its path takes nothing, or takes all again. */
  blocked?: boolean;
  milliseconds: number;
  /** A profile that sends a keyframe out of turn. */
  keyframe?: number | undefined;
}

const pause = {
  milliseconds: fc.integer({ min: 1, max: 600 }),
  keyframe: fc.option(fc.integer({ min: 0, max: 2 }), { nil: undefined }),
};
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ thinning: fc.constantFrom<Thinning[]>('none', 'discardable', 'keyframes', 'pictures'), ...pause }),
  fc.record({
    watch: fc.record({
      profile: fc.integer({ min: 0, max: 2 }),
      join: fc.constantFrom<('now' | 'keyframe')[]>('now', 'keyframe', 'keyframe'),
    }),
    ...pause,
  }),
  fc.record({ cancel: fc.constant<true>(true), ...pause }),
  fc.record({ blocked: fc.boolean(), ...pause }),
);

/**
 * A viewer is to be able to decode each picture that it is sent, with numbers and times that go on, whatever it is shown, and however thinned. Timers are to be fake.
 *
 * @param runs cases that are tried
 * @throws Error where one has shown that it is not so: what was done to the viewer, in one line, so that no log cuts it off
 */
export function expectDecodable(runs: number): void {
  const result = fc.check(fc.property(fc.array(step, { maxLength: 16 }), prove), { numRuns: runs });
  if (result.failed)
    throw new Error(`${String(result.errorInstance)} ${fc.defaultReportMessage(result)}`.replaceAll(/\s+/g, ' '));
}

function prove(steps: readonly Step[]): void {
  const viewer = new SwitchingViewer(
    { group: 30, discardable: true, packets: 5 },
    { group: 50, discardable: true, delayMs: 70 },
    { group: 20, packets: 12, delayMs: 10 },
  );
  let shown = viewer.profile(0).stream;
  viewer.streams.show(shown);
  viewer.pass(100);
  for (const { thinning, watch, cancel, blocked, milliseconds, keyframe } of steps) {
    if (thinning !== undefined) viewer.egress.thinning = thinning;
    if (cancel === true) viewer.streams.cancel();
    if (blocked !== undefined) viewer.transport.backlog = blocked ? 140_000 : 0;
    const next = watch && viewer.profile(watch.profile).stream;
    if (next !== undefined && next !== shown) {
      if (watch?.join === 'keyframe') viewer.streams.join(next, () => (shown = next));
      else {
        viewer.streams.show(next);
        shown = next;
      }
    }
    viewer.pass(milliseconds, keyframe);
  }
  // What is left is that a viewer that is sent all is shown all of it from the next keyframe on.
  viewer.transport.backlog = 0;
  viewer.egress.thinning = 'none';
  viewer.pass(2200);
  const before = viewer.transport.datagrams.length;
  viewer.pass(400);
  const packets = viewer.transport.packets;
  const pictures = picturesOf(packets);
  expect(picturesOf(packets.slice(before)).length).toBeGreaterThanOrEqual(9);
  expect(missingOf(pictures)).toEqual([]);
  const times = pictures.map(({ timestamp }) => timestamp);
  expect(times.slice(1).filter((timestamp, at) => timestampDistance(times[at] ?? 0, timestamp) <= 0)).toEqual([]);
  const numbers = packets.filter(({ ssrc }) => ssrc === VIDEO_SSRC).map(({ sequenceNumber }) => sequenceNumber);
  expect(numbers.slice(1).filter((number, at) => number !== ((numbers[at] ?? 0) + 1) % 2 ** 16)).toEqual([]);
  const sounds = soundOf(packets);
  expect(sounds.slice(1).filter(({ timestamp }, at) => timestampDistance(sounds[at]?.timestamp ?? 0, timestamp) <= 0)).toEqual(
    [],
  );
  vi.clearAllTimers();
}
