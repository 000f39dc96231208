import { describe, expect, it } from 'vitest';
import { ConfigError, formatIssue } from '../../../src/config/config-error.ts';
import { parseConfig } from '../../../src/config/load.ts';
import type { Environment } from '../../../src/config/secrets.ts';

const CAMERA = 'cameras: [{id: a, onvif: 192.0.2.1}]';

/** What is thrown on a text; undefined where it is valid. */
function errorOf(text: string, environment: Environment = {}): ConfigError | undefined {
  try {
    parseConfig('f', text, environment);
    return undefined;
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
}

/** The messages of all that is wrong with a text, without the name of the file. */
function wrongWith(text: string): string[] {
  return (errorOf(text)?.issues ?? []).map((issue) => formatIssue(issue).replace(/^f:/, ''));
}

describe('what is wrong is named by line, column and what to write', () => {
  it.each([
    ['a typo', `htttp: {}\n${CAMERA}`, ['1:1: htttp: is not a known key; did you mean "http"?']],
    [
      'a key of nothing',
      `media: {gop: 1}\n${CAMERA}`,
      [
        '1:9: media.gop: is not a key that is known here; the keys are: pull, linger, keyframe_cache, max_sessions, max_sessions_per_camera, transcode, adaptive, workers',
      ],
    ],
    [
      'a wrong type',
      `media:\n  linger: soon\n${CAMERA}`,
      ['2:11: media.linger: is "soon"; write a number from 0 to 86400 (seconds)'],
    ],
    [
      'a number out of bounds',
      `media: {keyframe_cache: 8.5}\n${CAMERA}`,
      ['1:25: media.keyframe_cache: is "8.5"; write a number from 1 to 8 (MB)'],
    ],
    [
      'a number where text belongs',
      'cameras:\n- id: a\n  onvif: 192.0.2.1\n  username: u\n  password: 1234',
      ['5:13: cameras[0].password: is read as a number, not as text; put it in quotes'],
    ],
    [
      'an empty value',
      'cameras:\n- id: a\n  onvif:\n',
      ['3:9: cameras[0].onvif: is empty; write a host, host:port or URL, such as 192.168.1.20'],
    ],
    [
      'a missing key',
      'cameras:\n  - name: Gate\n    onvif: 192.0.2.1',
      ['2:5: cameras[0].id: is missing; write at most 64 letters, digits, dots, underscores and hyphens, such as front-door'],
    ],
    [
      'a value in place of a list',
      'cameras: a',
      ['1:10: cameras: is a single value; write a list: a line with "- " for each entry'],
    ],
    ['no camera', 'http: {}', ['1:1: cameras: is missing or empty; write at least one camera, or discovery: with adopt: all']],
    [
      'an empty list',
      'cameras: []',
      ['1:10: cameras: is missing or empty; write at least one camera, or discovery: with adopt: all'],
    ],
    [
      'a duplicate id, with both lines',
      'cameras:\n- id: a\n  onvif: 192.0.2.1\n- id: a\n  onvif: 192.0.2.2\n',
      ['4:7: cameras[1].id: "a" is already the id of cameras[0] on line 2; write another one here or there'],
    ],
    [
      'a camera that is nowhere',
      'cameras:\n- id: a',
      ['2:3: cameras[0]: says nowhere where the camera is; add onvif: with its address, or rtsp: with its URLs'],
    ],
    [
      'a camera that is at two places',
      'cameras:\n- {id: a, onvif: 192.0.2.1, rtsp: {main: "rtsp://192.0.2.1/"}}',
      ['2:29: cameras[0].rtsp: stands beside onvif; keep one of the two'],
    ],
    [
      'a fingerprint that is none, and one beside its opposite',
      `cameras:\n- {id: a, onvif: 192.0.2.1, tls_fingerprint: "0f"}\n- {id: b, onvif: 192.0.2.2, tls_insecure: true, tls_fingerprint: "${'0f'.repeat(32)}"}`,
      [
        '2:46: cameras[0].tls_fingerprint: is "0f"; write the SHA-256 fingerprint of the certificate, 64 hexadecimal digits, with or without colons',
        '3:29: cameras[1].tls_insecure: stands beside tls_fingerprint, which is checked; remove one of the two',
      ],
    ],
    [
      'a transport that there is not',
      'cameras: [{id: a, onvif: 192.0.2.1, transport: multicast}]',
      [expect.stringMatching(/^1:48: cameras\[0\]\.transport: is "multicast"; write one of auto, tcp, udp/)],
    ],
    [
      'a video source that there cannot be, or where a URL says it',
      'cameras:\n- {id: a, onvif: 192.0.2.1, video_source: 0}\n- {id: b, video_source: 2, rtsp: {main: "rtsp://192.0.2.2/1"}}',
      [
        '2:43: cameras[0].video_source: is "0"; write a number from 1 to 1024',
        '3:11: cameras[1].video_source: stands beside rtsp, whose URLs say which input it is; remove it',
      ],
    ],
    [
      'events that are no switch, or of a camera that tells none',
      'cameras:\n- {id: a, onvif: 192.0.2.1, events: pullpoint}\n- {id: b, events: true, rtsp: {main: "rtsp://192.0.2.2/1"}}',
      [
        expect.stringMatching(/^2:37: cameras\[0\]\.events: .*; write true or false$/),
        '3:11: cameras[1].events: stands beside rtsp, and only a camera by onvif tells its events; remove it',
      ],
    ],
    ['no RTSP URL', 'cameras: [{id: a, rtsp: {}}]', ['1:19: cameras[0].rtsp: holds no URL; write one as main: rtsp://...']],
    [
      'a password without a user',
      'cameras: [{id: a, onvif: 192.0.2.1, password: p}]',
      ['1:37: cameras[0].password: stands without a user name; add username:'],
    ],
    [
      'a user without a password',
      'cameras: [{id: a, onvif: 192.0.2.1, username: u}]',
      ['1:37: cameras[0].username: stands without a password; add password: or password_file:'],
    ],
    [
      'credentials that contradict each other',
      'cameras: [{id: a, rtsp: {main: "rtsp://u:p@192.0.2.1/", sub: "rtsp://u:q@192.0.2.1/"}}]',
      [
        '1:62: cameras[0].rtsp.sub: has other credentials than the rest of the camera; write them once, as username: and password:',
      ],
    ],
    [
      'a listener for everybody without tokens',
      `http: {listen: "0.0.0.0:8080"}\n${CAMERA}`,
      [
        '1:16: http.listen: reaches beyond this machine, and anybody could watch; add http.auth and http.tls, or listen on 127.0.0.1',
      ],
    ],
    [
      'a token for a camera that is not there',
      `http: {auth: {tokens: [{token: t}, {token: s, cameras: [fornt]}]}}\ncameras: [{id: front, onvif: 192.0.2.1}]`,
      ['1:57: http.auth.tokens[1].cameras[0]: there is no camera "fornt"; did you mean "front"?'],
    ],
    [
      'the same token twice, without showing it',
      `http: {auth: {tokens: [{token: same}, {token: same}]}}\n${CAMERA}`,
      ['1:39: http.auth.tokens[1]: is the same token as http.auth.tokens[0]; write a token of its own'],
    ],
    [
      'a viewer without a token',
      `http: {auth: {tokens: [{}]}}\n${CAMERA}`,
      ['1:24: http.auth.tokens[0]: holds no token; write token: or token_file:'],
    ],
    [
      'a token for no server',
      `signaling: {token: t}\n${CAMERA}`,
      ['1:1: signaling: names no server; write server: with its WebSocket URL, or leave out signaling for the embedded server'],
    ],
    [
      'a token of a camera for no server',
      'cameras: [{id: a, onvif: 192.0.2.1, signaling: {token: t}}]',
      [
        '1:37: cameras[0].signaling: names no server; write server: here or under the top-level signaling:, or leave it out for the embedded server',
      ],
    ],
    [
      'TURN without credentials',
      `webrtc: {ice_servers: [{urls: ["turn:t.example"]}]}\n${CAMERA}`,
      ['1:24: webrtc.ice_servers[0]: is a TURN server without credentials; add username: and credential:, or secret:'],
    ],
    [
      'text that is no YAML',
      'cameras:\n\t- id: a',
      ['2:1: is not YAML here: Tabs are not allowed as indentation; indent with spaces'],
    ],
    [
      'a password that starts with *',
      'cameras:\n- password: *x',
      ['2:13: is not YAML here: An alias stands before its anchor; put a value that starts with * in quotes'],
    ],
    [
      'a password that starts with !',
      'cameras:\n- password: !x',
      ['2:13: is not YAML here: Unresolved tag; put a value that starts with ! in quotes'],
    ],
    [
      'a password that starts with #',
      `signaling:\n  server: "wss://s.example"\n  token: #x\n${CAMERA}`,
      [
        '3:10: signaling.token: is empty (what starts with # is a comment, unless it is in quotes); write the token by which the server knows the gateway, or ${VARIABLE} to take it from the environment',
      ],
    ],
    [
      'a bracket that closes nothing',
      'cameras:\n- password: }x\n  id: a',
      ['2:13: is not YAML here: Unexpected flow-map-end token in YAML stream'],
    ],
    [
      'a key that stands twice',
      `http: {}\nhttp: {}\n${CAMERA}`,
      ['2:1: is not YAML here: Map keys must be unique; keep one of the two'],
    ],
  ])('%s', (_what, text, expected) => expect(wrongWith(text)).toEqual(expected));

  it.each(['', '# only a comment', '- a', 'text'])('a file that holds no config: %j', (text) => {
    expect(wrongWith(text)).toEqual([expect.stringMatching(/write at least cameras: with one camera$/)]);
  });

  it('all of it at once, in the order of the file', () => {
    const text =
      'media: {linger: x}\ncameras:\n- id: a\n  onvif: 192.0.2.1\n- id: a\n  onvif: 192.0.2.300\n  password: ${NONE}\nhttps: {}';
    expect(wrongWith(text).map((line) => line.split(': ').slice(0, 2).join(' '))).toEqual([
      '1:17 media.linger',
      '5:7 cameras[1].id',
      '6:10 cameras[1].onvif',
      '7:13 cameras[1].password',
      '8:1 https',
    ]);
  });

  it('as data for programs', () => {
    expect(errorOf(`htttp: {}\n${CAMERA}`)).toMatchObject({
      code: 'config.invalid',
      issues: [{ file: 'f', line: 1, column: 1, path: 'htttp', message: 'is not a known key; did you mean "http"?' }],
    });
  });
});
