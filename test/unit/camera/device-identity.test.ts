import { describe, expect, it } from 'vitest';
import { assertOwnDevice, hasOwnSerial, isSameDevice } from '../../../src/camera/device-identity.ts';

const KNOWN = { manufacturer: 'Acme', model: 'X100', serial: 'ACME-0042' };
const AT = { cameraId: 'yard', address: '192.0.2.1', advice: 'Look there.' };

describe('whoever has the address of a camera', () => {
  it.each([
    ['nothing is known of the camera', null, KNOWN],
    ['it is the same', KNOWN, KNOWN],
    ['it says nothing of itself', KNOWN, { manufacturer: '', model: '', serial: '' }],
    ['its serial number was not known', { ...KNOWN, serial: '' }, KNOWN],
    ['firmware renamed the model', KNOWN, { ...KNOWN, model: 'X100-B' }],
    ['firmware writes maker and model in another way', KNOWN, { ...KNOWN, manufacturer: 'ACME', model: 'X100-B' }],
  ])('is taken for it where %s', (_when, known, said) => {
    expect(() => assertOwnDevice(known, said, AT)).not.toThrow();
  });

  it.each([
    ['serial number', { ...KNOWN, serial: 'ACME-0043' }],
    ['maker and model', { manufacturer: 'Other', model: 'Y', serial: '' }],
  ])('is not taken for it with another %s', (_what, said) => {
    expect(() => assertOwnDevice(KNOWN, said, AT)).toThrow(
      expect.objectContaining({
        code: 'camera.other_device',
        message: expect.stringContaining('than camera yard (Acme X100, serial number ACME-0042)') as string,
        advice: 'Look there.',
      }),
    );
  });
});

describe('a serial number', () => {
  it('proves a device together with maker and model', () => {
    expect(isSameDevice(KNOWN, KNOWN)).toBe(true);
    for (const other of [{ serial: 'ACME-0043' }, { model: 'Y' }, { manufacturer: 'Z' }]) {
      expect(isSameDevice(KNOWN, { ...KNOWN, ...other })).toBe(false);
    }
  });

  it.each(['', '1', '000', '0000000000', '12345678', '0123456789', 'unknown', 'N/A'])(
    'proves nothing where many have it: %j',
    (serial) => {
      expect(hasOwnSerial({ serial })).toBe(false);
      expect(isSameDevice({ ...KNOWN, serial }, { ...KNOWN, serial })).toBe(false);
    },
  );

  it.each(['ACME-0042', 'SIM-5f1c2a00', '00408CAABBCC', '123456A'])('is its own: %s', (serial) => {
    expect(hasOwnSerial({ serial })).toBe(true);
  });
});
