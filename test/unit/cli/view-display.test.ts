import { describe, expect, it } from 'vitest';
import type { AdaptationStats } from '../../../src/base/adaptation.ts';
import { progressLines, summary, type ViewResult } from '../../../src/cli/view-display.ts';

const CAME = { framesDecoded: 250, framesPerSecond: 25, bitrateKbps: 812.4, lost: 3 };
const RUNGS: AdaptationStats['rungs'] = [
  { profile: 'sub', thinning: 'keyframes', kbps: 120 },
  { profile: 'sub', thinning: 'none', kbps: 480 },
  { profile: 'main', thinning: 'none', kbps: 2200 },
];
const WENT_DOWN: AdaptationStats['last'] = {
  ...{ atMs: Date.UTC(2026, 0, 1, 12), from: 2, to: 0, reason: 'collapsed' },
  text: 'From "main" to "sub, still pictures only": the path carries about 0.3 Mbit/s of the 2.2 Mbit/s that is taken.',
};

/** Of a session that is sent one of {@link RUNGS}. */
function own(rung: number, last: AdaptationStats['last'], estimatedKbps: number | null = 300) {
  return { estimatedKbps, adaptation: { rung, rungs: RUNGS, last, switches: last === null ? 0 : 1, probes: 0 } };
}

describe('what view says each second', () => {
  it('is what came, and at a server that is no gateway no more', () => {
    expect(progressLines(CAME, undefined, undefined)).toEqual(['250 frames (25/s), 812 kbit/s, 3 packets lost']);
    const nothing = { framesDecoded: 0, framesPerSecond: null, bitrateKbps: null, lost: 0 };
    expect(progressLines(nothing, undefined, undefined)).toEqual(['0 frames (0/s), 0 kbit/s, 0 packets lost']);
  });

  it('is what a gateway shows and takes the network for, and once what it decided', () => {
    const line = '250 frames (25/s), 812 kbit/s, 3 packets lost; shown: ';
    expect(progressLines(CAME, own(2, null, null), undefined)).toEqual([`${line}main`]);
    const down = own(0, WENT_DOWN);
    const carries = `${line}sub, still pictures only; the network carries 300 kbit/s`;
    expect(progressLines(CAME, down, own(2, null))).toEqual([carries, WENT_DOWN.text]);
    expect(progressLines(CAME, down, down)).toEqual([carries]);
  });
});

describe('what view says at the end', () => {
  const RESULT: ViewResult = {
    ...{ connected: true, timeToFirstFrameMs: 210, frames: 250, framesPerSecond: 25, bitrateKbps: 812, packets: 900, lost: 3 },
    ...{ audioPackets: 500, profile: null, session: 's1', adaptation: null, shownProfile: null, profileSwitches: 0 },
    ...{ metadataDocuments: 12, error: null },
  };
  const lines = (result: Partial<ViewResult>): string[] => summary({ ...RESULT, ...result }).split('\n');

  it('is what came', () => {
    expect(lines({})).toEqual([
      'first frame   210 ms',
      'frames        250 (25 in the last second)',
      'bitrate       812 kbit/s',
      'packets       900, 3 lost',
      'sound         500 packets',
      'metadata      12 documents',
    ]);
  });

  it('is what was shown last, and how often it became another, with the last reason', () => {
    expect(lines(own(2, null)).slice(6)).toEqual(['shown         main', 'switches      0']);
    expect(lines(own(0, WENT_DOWN)).slice(6)).toEqual([
      'shown         sub, still pictures only',
      `switches      1, the last 2026-01-01T12:00:00.000Z: ${WENT_DOWN.text}`,
    ]);
  });

  it('is why it failed, and nothing else where it was never connected', () => {
    const error = { code: 480, message: 'The camera is not available.', detail: 'yard is offline' };
    expect(lines({ error, timeToFirstFrameMs: null })).toEqual(
      expect.arrayContaining(['first frame   none came', 'failed        The camera is not available. yard is offline']),
    );
    expect(lines({ connected: false, error: { ...error, detail: null } })).toEqual([
      'Not connected: The camera is not available.',
    ]);
  });
});
