import { describe, expect, it } from 'vitest';
import { silentLogger } from '../../../src/base/log.ts';
import { describePlace, Whereabouts } from '../../../src/camera/whereabouts.ts';

describe('the whereabouts of a camera that the config reaches by https', () => {
  const home = { host: '192.0.2.20', port: 8443, path: '/onvif/s', secure: true };

  it('stay with https, its port and its path where discovery finds the device elsewhere by http', () => {
    const whereabouts = new Whereabouts({ cameraId: 'gate', home, adopted: false, logger: silentLogger });
    whereabouts.moved({ host: '192.0.2.99', port: 80 }, 'serial number');
    expect(whereabouts.place).toEqual({ ...home, host: '192.0.2.99' });
  });

  it('are written with the scheme, and with the port where it is not the usual one', () => {
    expect(describePlace(home)).toBe('https://192.0.2.20:8443');
    expect(describePlace({ host: 'fd00::1', port: 443, secure: true })).toBe('https://[fd00::1]');
    expect(describePlace({ host: '192.0.2.20', port: 443 })).toBe('192.0.2.20:443');
  });
});
