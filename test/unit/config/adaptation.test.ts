import { expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/load.ts';

const RTSP = 'rtsp: {main: "rtsp://192.0.2.1/1", sub: "rtsp://192.0.2.1/2"}';

/** What the one camera with these keys says. */
function read(keys: string): unknown {
  return parseConfig('f', `cameras:\n- {id: a, ${keys}}`, {}).cameras[0]?.camera.adaptation;
}

it('a camera says whether its viewers are shown what their paths carry, and between which profiles', () => {
  expect(read('onvif: 192.0.2.1')).toBeUndefined();
  expect(read('onvif: 192.0.2.1, adaptive: false')).toEqual({ adaptive: false });
  expect(read('onvif: 192.0.2.1, floor: Sub stream, ceiling: profile_1')).toEqual({
    adaptive: true,
    floor: 'Sub stream',
    ceiling: 'profile_1',
  });
  expect(read(`${RTSP}, adaptive: true, ceiling: sub`)).toEqual({ adaptive: true, ceiling: 'sub' });
});

it.each([
  ['onvif: 192.0.2.1, adaptive: maybe', 'write true or false'],
  [
    'onvif: 192.0.2.1, floor: ""',
    'cameras[0].floor: is empty; write the token or name of a profile, as `probe` lists them, or leave the key out',
  ],
  [
    'onvif: 192.0.2.1, adaptive: false, floor: sub',
    'cameras[0].floor: stands beside adaptive: false, where it means nothing; remove one of the two',
  ],
  ['onvif: 192.0.2.1, adaptive: false, ceiling: sub', 'cameras[0].ceiling: stands beside adaptive: false'],
  [`${RTSP}, floor: subb`, 'cameras[0].floor: names no URL of rtsp; did you mean "sub"?'],
  [`${RTSP}, ceiling: third`, 'cameras[0].ceiling: names no URL of rtsp; write one of main, sub'],
])('what makes no sense is named with the place and what to write: %s', (keys, error) => {
  expect(() => read(keys)).toThrow(error);
});
