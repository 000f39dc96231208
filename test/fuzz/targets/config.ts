import { readFileSync } from 'node:fs';
import { ConfigError } from '../../../src/config/config-error.ts';
import { parseConfig } from '../../../src/config/load.ts';
import { texts } from '../corpus.ts';
import { demand, type FuzzTarget } from '../target.ts';

const EXAMPLE = readFileSync(new URL('../../../config/gateway.example.yaml', import.meta.url), 'utf8');

/** The text of a config; no file is read but one that a changed `_file` would name in a folder that does not exist. */
const config: FuzzTarget = {
  name: 'config',
  form: 'text',
  corpus: texts(
    EXAMPLE.replaceAll(/ *#.*$/gm, '').replaceAll(/\n+/g, '\n'),
    'cameras:\n  - &a {id: a, onvif: 192.0.2.20}\n  - <<: *a\n    id: b\n',
    'http: {listen: "0.0.0.0:80", auth: {tokens: [{token: abcdefghijklmnop, cameras: [a]}]}}\ncameras:\n- id: a\n  rtsp: {main: "rtsp://192.0.2.1/1"}\n',
    'webrtc:\n  udp_ports: 50000-50199\n  ice_servers:\n    - urls: ["turn:192.0.2.1:3478?transport=udp"]\n      username: u\n      credential: ${C}\ncameras: []\n',
  ),
  share: 10,
  run(input) {
    try {
      const { cameras } = parseConfig('/nonexistent/gateway.yaml', input.toString('utf8'), {});
      demand(cameras.length > 0, 'a config has a camera');
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      demand(error.issues.length > 0, 'what is wrong is said');
      demand(
        error.issues.every(({ line = 1, column = 1, message }) => line >= 1 && column >= 1 && message !== ''),
        'an issue has a place and a sentence',
      );
    }
  },
};

export const CONFIG_TARGETS: readonly FuzzTarget[] = [config];
