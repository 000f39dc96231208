/*
 * The rooms of `src` and which of them may know which: the direction of imports is the architecture, this table holds it.
 * A room is a folder, or one module where that is what others may see of a folder; the longest match counts.
 */

/** What a room may import besides itself and {@link FOR_ALL}. */
export const ROOMS: Record<string, readonly string[]> = {
  // Commands put things together: `run` the gateway, the demo and `simulate` the simulator, `view` a client on a peer connection,
  // `discover` asks what it found, `probe` shows what a probe found out.
  // `conformance` gives the kit a viewer's connection.
  cli: ['gateway', 'client', 'simulator', 'peer/webrtc', 'camera/discovery', 'camera/onvif', 'camera', 'probe', 'conformance'],
  // One camera asked and pulled for some seconds, outside the planes: it serves nobody.
  probe: ['camera', 'camera/onvif', 'camera/discovery', 'camera/rtsp', 'media'],

  // The control plane knows the media plane by its messages only; the composition root alone starts it.
  gateway: [
    'access',
    'signaling',
    'http',
    'control',
    'nat',
    'plane',
    'plane/messages',
    'camera',
    'camera/onvif',
    'camera/discovery',
  ],
  // Who may see what is judged by one rule for signaling, API and page.
  access: [],
  signaling: ['access', 'plane/messages'],
  http: ['access', 'plane/messages'],
  control: ['plane/messages'],
  nat: ['plane/messages'],
  camera: ['plane/messages', 'camera/onvif', 'camera/discovery'],
  // Digest authentication is the same in HTTP as in RTSP.
  'camera/onvif': ['camera', 'camera/rtsp/auth'],
  'camera/discovery': ['camera'],

  // The media plane, which speaks the same messages.
  'plane/messages': [],
  plane: ['plane/messages', 'peer', 'camera/rtsp', 'media'],
  peer: ['plane/messages', 'peer/webrtc', 'media'],
  'peer/webrtc': ['plane/messages', 'peer', 'media'],
  'camera/rtsp': ['plane/messages', 'media', 'camera/rtsp/auth'],
  'camera/rtsp/auth': [],
  media: [],

  // In a browser.
  page: ['client'],
  client: [],

  // The other end of the wire, on the product's own codecs.
  simulator: ['media', 'camera/rtsp', 'camera/rtsp/auth'],

  // Judges endpoints, ours among them: it shares no code with the two roles of signaling, so that no misunderstanding is on both sides.
  conformance: [],

  config: [],
  base: [],
};

export const FOR_ALL: readonly string[] = ['base', 'config'];

/** Imported by all, these import nobody. */
export const LEAVES: readonly string[] = ['base'];

/** A package behind an adapter is imported by that room only, so that replacing it touches one folder. */
export const ADAPTED_PACKAGES: Record<string, string> = { onvif: 'camera/onvif', werift: 'peer/webrtc' };

/** What these rooms load when they run, directly or not, runs in a browser: no module of Node, no package but those listed. */
export const BROWSER_ROOMS: readonly string[] = ['client', 'page'];
export const BROWSER_PACKAGES: readonly string[] = ['json-rpc-2.0', 'sdp-transform'];

/** Configuration of the page's build: lies with the page, runs in Node. */
export const BUILD_CONFIG = /\.config\.ts$/;
