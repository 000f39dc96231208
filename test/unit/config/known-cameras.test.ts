import { expect, it } from 'vitest';
import { ConfigError } from '../../../src/config/config-error.ts';
import { knownCameras } from '../../../src/config/known-cameras.ts';

it('reads where cameras are, though secrets are missing and other cameras are wrong', () => {
  const text = `
cameras:
  - {id: a, onvif: "10.0.0.1:8000", username: u, password: "\${NOT_SET}"}
  - {id: b, onvif: "\${HOST_B}"}
  - {id: c, pasword: x}
  - {id: d, rtsp: {main: "rtsp://u:p@10.0.0.4:554/1", sub: "rtsp://[2001:db8::4]/2"}}
`;
  expect(knownCameras('f', text, { HOST_B: 'cam.example' })).toEqual([
    { id: 'a', onvif: { host: '10.0.0.1', port: 8000 }, rtspHosts: [] },
    { id: 'b', onvif: { host: 'cam.example', port: 80 }, rtspHosts: [] },
    { id: 'd', onvif: undefined, rtspHosts: ['10.0.0.4', '2001:db8::4'] },
  ]);
});

it('finds none in a file without cameras, and says where it is no YAML', () => {
  for (const text of ['', '# nothing\n', 'media: {linger: 5}\n', '- a\n']) expect(knownCameras('f', text, {})).toEqual([]);
  expect(() => knownCameras('f', 'cameras: [', {})).toThrow(ConfigError);
});
