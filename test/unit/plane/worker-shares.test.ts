import { describe, expect, it } from 'vitest';
import { DEFAULT_MEDIA_SETTINGS } from '../../../src/gateway/media-settings.ts';
import type { AdvertisedAddress, MediaSettings } from '../../../src/plane/messages.ts';
import { tooFewPorts, workerShares } from '../../../src/plane/worker-shares.ts';

function settings(first: number, last: number, maxSessionsPerCamera: number, advertise: AdvertisedAddress[] = []): MediaSettings {
  const ice = { ...DEFAULT_MEDIA_SETTINGS.ice, udpPorts: { first, last }, advertise };
  return { ...DEFAULT_MEDIA_SETTINGS, maxSessionsPerCamera, ice };
}

function ports(shares: readonly MediaSettings[]): string[] {
  return shares.map(({ ice }) => `${ice.udpPorts?.first}-${ice.udpPorts?.last}`);
}

describe('the UDP ports', () => {
  it('are split among the workers, without a gap or an overlap', () => {
    expect(ports(workerShares(settings(50_000, 50_199, 10), 3))).toEqual(['50000-50065', '50066-50132', '50133-50199']);
    expect(ports(workerShares(settings(50_000, 50_003, 1), 4))).toEqual([
      '50000-50000',
      '50001-50001',
      '50002-50002',
      '50003-50003',
    ]);
  });

  it('make fewer workers where each would have less than one camera may have viewers', () => {
    expect(ports(workerShares(settings(50_000, 50_199, 64), 8))).toEqual(['50000-50065', '50066-50132', '50133-50199']);
    expect(ports(workerShares(settings(50_000, 50_009, 64), 8))).toEqual(['50000-50009']);
  });

  it('need not be more than all viewers together', () => {
    expect(ports(workerShares({ ...settings(50_000, 50_009, 64), maxSessions: 5 }, 8))).toEqual(['50000-50004', '50005-50009']);
  });

  it('lead to those that a NAT forwards, in each part', () => {
    const nat = [{ address: '203.0.113.7', firstPort: 60_000 }, { address: '203.0.113.8' }];
    const shares = workerShares(settings(50_000, 50_199, 64, nat), 2);
    expect(shares.map(({ ice }) => ice.advertise)).toEqual([
      nat,
      [{ address: '203.0.113.7', firstPort: 60_100 }, { address: '203.0.113.8' }],
    ]);
  });

  it('that are whatever the system gives are the same for all', () => {
    expect(workerShares(DEFAULT_MEDIA_SETTINGS, 3)).toEqual([
      DEFAULT_MEDIA_SETTINGS,
      DEFAULT_MEDIA_SETTINGS,
      DEFAULT_MEDIA_SETTINGS,
    ]);
  });

  it('that are too few are said, with how many it takes', () => {
    expect(tooFewPorts(settings(50_000, 50_099, 64), 4, 1)).toBe(
      'The media plane has 1 of 4 workers: each needs 64 of webrtc.udp_ports, as many as one camera may have viewers. ' +
        'For all of them write a range of 256 ports, or lower media.max_sessions_per_camera.',
    );
  });
});
