import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/load.ts';

const CAMERA = 'cameras: [{id: a, onvif: 192.0.2.1}]';

describe('a valid config', () => {
  it('needs cameras only', () => {
    expect(parseConfig('f', CAMERA, {})).toEqual({
      listen: { host: '127.0.0.1', port: 8080 },
      viewerTokens: [],
      media: {
        pull: 'on_demand',
        lingerMs: 10_000,
        keyframeCacheBytes: 4_194_304,
        maxSessions: 256,
        maxSessionsPerCamera: 64,
        transcode: 'auto',
        adaptive: true,
        ice: { advertise: [], loopbackOnly: false, iceServers: [] },
      },
      discovery: { adopt: 'none' },
      cameras: [{ camera: { id: 'a', name: 'a', onvif: { host: '192.0.2.1', port: 80 } } }],
    });
  });

  it('takes sections whose keys are all commented out as absent', () => {
    expect(parseConfig('f', `http:\n  # listen: x\nwebrtc:\nsignaling:\nmedia:\n${CAMERA}`, {})).toEqual(
      parseConfig('f', CAMERA, {}),
    );
  });

  it('is read in the units and shapes of the code', () => {
    const text = `
signaling: {server: "wss://s.example/onvif", token: T1}
http: {listen: "127.0.0.1:80", auth: {tokens: [{token: T3}]}}
webrtc:
  udp_ports: 50000-50199
  interfaces: [eth0]
  advertise: [203.0.113.7, "[2001:db8::7]:60000"]
  ice_servers: [{urls: ["turn:t.example"], username: u, credential: c}]
media: {pull: always, linger: 0.5, keyframe_cache: 1, max_sessions: 2, max_sessions_per_camera: 1, transcode: never, adaptive: false, workers: 3}
cameras:
  - {id: a, name: Gate, onvif: "http://192.0.2.1:81/x", username: u, password: p, signaling: {token: T2}}
  - {id: b, rtsp: {main: "rtsp://u:p@192.0.2.2/1", sub: "rtsp://192.0.2.2/2"}, signaling: {server: "ws://192.0.2.3/"}}
`;
    expect(parseConfig('f', text, {})).toEqual({
      listen: { host: '127.0.0.1', port: 80 },
      viewerTokens: [{ token: 'T3' }],
      signaling: { server: 'wss://s.example/onvif', token: 'T1' },
      media: {
        pull: 'always',
        lingerMs: 500,
        keyframeCacheBytes: 1_048_576,
        maxSessions: 2,
        maxSessionsPerCamera: 1,
        transcode: 'never',
        adaptive: false,
        workers: 3,
        ice: {
          udpPorts: { first: 50_000, last: 50_199 },
          interfaces: ['eth0'],
          advertise: [{ address: '203.0.113.7' }, { address: '2001:db8::7', firstPort: 60_000 }],
          loopbackOnly: false,
          iceServers: [{ urls: ['turn:t.example'], username: 'u', credential: 'c' }],
        },
      },
      discovery: { adopt: 'none' },
      cameras: [
        {
          camera: {
            id: 'a',
            name: 'Gate',
            credentials: { username: 'u', password: 'p' },
            onvif: { host: '192.0.2.1', port: 81, path: '/x' },
          },
          signaling: { server: 'wss://s.example/onvif', token: 'T2' },
        },
        {
          camera: {
            id: 'b',
            name: 'b',
            credentials: { username: 'u', password: 'p' },
            rtsp: { main: 'rtsp://192.0.2.2/1', sub: 'rtsp://192.0.2.2/2' },
          },
          signaling: { server: 'ws://192.0.2.3/' },
        },
      ],
    });
  });

  it('lists the tokens that open everything first', () => {
    const { viewerTokens } = parseConfig(
      'f',
      `http: {auth: {tokens: [{token: one, cameras: [a]}, {token: all}]}}\n${CAMERA}`,
      {},
    );
    expect(viewerTokens).toEqual([{ token: 'all' }, { token: 'one', cameras: ['a'] }]);
  });

  it.each(['', 'signaling: {server: "wss://s.example/"}'])('may have tokens for single cameras only: %s', (signaling) => {
    const text = `${signaling}\nhttp: {auth: {tokens: [{token: one, cameras: [a]}]}}\n${CAMERA}`;
    expect(parseConfig('f', text, {}).viewerTokens).toEqual([{ token: 'one', cameras: ['a'] }]);
  });

  it('says how streams are fetched only where that is not left to the camera', () => {
    const text = 'cameras:\n- {id: a, onvif: 192.0.2.1, transport: udp}\n- {id: b, onvif: 192.0.2.2, transport: auto}';
    expect(parseConfig('f', text, {}).cameras.map(({ camera }) => camera)).toEqual([
      { id: 'a', name: 'a', transport: 'udp', onvif: { host: '192.0.2.1', port: 80 } },
      { id: 'b', name: 'b', onvif: { host: '192.0.2.2', port: 80 } },
    ]);
  });

  it('says whether pictures are converted where a camera says it for itself', () => {
    const cameras = ['transcode: never', 'transcode: auto', 'name: C'].map(
      (line, at) => `- {id: c${at}, onvif: 192.0.2.1, ${line}}`,
    );
    const written = parseConfig('f', ['cameras:', ...cameras].join('\n'), {}).cameras;
    expect(written.map(({ camera }) => camera.transcode)).toEqual(['never', 'auto', undefined]);
    const wrong = 'cameras:\n- {id: a, onvif: 192.0.2.1, transcode: always}';
    expect(() => parseConfig('f', wrong, {})).toThrow('write one of auto, never');
  });

  it('asks for the events of a camera only where that is written', () => {
    const cameras = [', events: true', ', events: false', ''].map((events, at) => `- {id: c${at}, onvif: 192.0.2.1${events}}`);
    const config = parseConfig('f', ['cameras:', ...cameras].join('\n'), {});
    expect(config.cameras.map(({ camera }) => camera.events)).toEqual([true, undefined, undefined]);
  });

  it('says whether viewers may talk only where that is not left to the camera', () => {
    const cameras = ['on', 'off', 'auto'].map((talk, at) => `- {id: c${at}, onvif: 192.0.2.1, talk: ${talk}}`);
    const text = ['cameras:', ...cameras, '- {id: c3, onvif: 192.0.2.1}'].join('\n');
    // YAML 1.1 reads `on` and `off` as true and false; this is YAML 1.2, where they are words.
    expect(parseConfig('f', text, {}).cameras.map(({ camera }) => camera.talk)).toEqual(['on', 'off', undefined, undefined]);
    expect(() => parseConfig('f', 'cameras:\n- {id: a, onvif: 192.0.2.1, talk: yes}', {})).toThrow('write one of auto, on, off');
  });

  it('takes certificates by their fingerprint, or any', () => {
    const text = `cameras:\n- {id: a, onvif: 192.0.2.1, tls_fingerprint: "${'0F:'.repeat(31)}0F"}\n- {id: b, onvif: 192.0.2.2, tls_insecure: true}`;
    expect(parseConfig('f', text, {}).cameras.map(({ camera }) => camera.tls)).toEqual([
      { fingerprint: `${'0F:'.repeat(31)}0F` },
      { insecure: true },
    ]);
  });

  it('may share what cameras have in common by an anchor', () => {
    const text = 'cameras:\n- &a {id: a, onvif: 192.0.2.1, username: u, password: p}\n- {<<: *a, id: b}';
    const [a, b] = parseConfig('f', text, {}).cameras;
    expect(b?.camera).toEqual({ ...a?.camera, id: 'b', name: 'b' });
  });
});
