import { expect, it } from 'vitest';
import { parse } from 'yaml';
import type { PresentDevice } from '../../../../src/camera/discovery/present-devices.ts';
import { describeFound } from '../../../../src/gateway/discovery/found-devices.ts';

function device(endpointReference: string, change: Partial<PresentDevice> = {}): PresentDevice {
  const where = { addresses: ['10.0.0.9'], answering: ['10.0.0.9'], xaddrs: ['http://10.0.0.9:8000/onvif/device_service'] };
  return {
    endpointReference,
    types: [],
    scopes: [],
    name: 'Gate',
    hardware: 'X100',
    location: null,
    since: 0,
    ...where,
    ...change,
  };
}

it('a found device has lines with an id of its own, whatever it calls itself', () => {
  const hostile = '${HOME}: "- id: x';
  const found = describeFound(
    [device('urn:uuid:1'), device('urn:uuid:2'), device('urn:uuid:3', { name: hostile })],
    new Set(['gate']),
  );
  const all = found.map(({ yaml }) => (parse(`cameras:\n${yaml}`) as { cameras: Record<string, string>[] }).cameras);
  expect(all.map((cameras) => cameras.length)).toEqual([1, 1, 1]);
  expect(new Set(all.map(([camera]) => camera?.['id'])).size).toBe(3);
  expect(all.flat().map((camera) => camera['id'])).not.toContain('gate');
  expect(all[2]?.[0]).toMatchObject({ name: '$${HOME}: "- id: x', onvif: '10.0.0.9:8000', endpoint: 'urn:uuid:3' });
});

it('the list is of the first 256, with texts in one line', () => {
  const many = Array.from({ length: 300 }, (_, index) => device(`urn:uuid:${index}`, { since: 1000 - index }));
  const found = describeFound([...many, device('a\u0007b\n', { since: -1 })], new Set());
  expect(found).toHaveLength(256);
  expect(found[0]).toMatchObject({ endpointReference: 'a b', since: '1969-12-31T23:59:59.999Z', address: '10.0.0.9:8000' });
});

it('a device that is silent is where it was last heard', () => {
  expect(describeFound([device('urn:uuid:1', { answering: [] })], new Set())[0]?.address).toBe('10.0.0.9:8000');
});
