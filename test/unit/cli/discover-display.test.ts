import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { DiscoveredDevice } from '../../../src/camera/discovery/device-list.ts';
import { describeFound, type FoundCamera } from '../../../src/cli/discover-camera.ts';
import { liveDisplay } from '../../../src/cli/discover-display.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function camera(host: string, configured: string | null = null): FoundCamera {
  const said = { name: null, hardware: null, location: null, xaddrs: [], types: [], scopes: [] };
  const device: DiscoveredDevice = { endpointReference: `urn:uuid:${host}`, addresses: [host], ...said };
  return { ...describeFound(device), configured };
}

it('the table fills while it is searched, and stands there whole at the end', () => {
  const written: string[] = [];
  const display = liveDisplay({ write: (text) => written.push(text), columns: 120, rows: 24 });
  const drawn = (): string => {
    vi.advanceTimersByTime(1000);
    return written.at(-1) ?? '';
  };
  display.started('eth0');
  expect(drawn()).toContain('Searching eth0, 0 cameras found\n');
  display.progress('10 of 20 packets sent');
  display.found(camera('10.0.0.1'), false);
  display.found(camera('10.0.0.1', 'front'), true);
  expect(drawn()).toMatch(/ADDRESS.*\n10\.0\.0\.1 .*front\nSearching eth0, 10 of 20 packets sent, 1 camera found\n$/);

  display.end([camera('10.0.0.1'), camera('10.0.0.2')]);
  expect(written.at(-1)).toMatch(/ADDRESS.*\n10\.0\.0\.1 .*\n10\.0\.0\.2 .*\n$/);
  const count = written.length;
  vi.advanceTimersByTime(1000);
  expect(written).toHaveLength(count);
});

it('draws nothing more once the search has failed', () => {
  const written: string[] = [];
  const display = liveDisplay({ write: (text) => written.push(text), columns: 120, rows: 24 });
  display.started('eth0');
  display.failed();
  const count = written.length;
  vi.advanceTimersByTime(1000);
  expect(written).toHaveLength(count);
});
