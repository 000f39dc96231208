import type { Page } from 'playwright-core';

/** A camera made of a browser page: the device role of ONVIF WebRTC with a drawn picture and a tone, for tests of the viewer page alone. */
export interface BrowserCamera {
  /** The id that the signaling server assigned. */
  peer: string;
  /** Stops or goes on with new pictures; sessions stay up. */
  setDrawing(drawing: boolean): Promise<void>;
  /** Ends all sessions as a camera that restarts does. */
  dropSessions(): Promise<void>;
  /** Profile tokens that the viewers asked for, oldest first; null where none was named. */
  askedProfiles(): Promise<(string | null)[]>;
}

interface DeviceWindow extends Window {
  camera: { drawing: boolean; askedProfiles: (string | null)[]; peers: Map<string, RTCPeerConnection>; socket: WebSocket };
}

interface BrowserCameraOptions {
  server: string;
  token: string;
  name: string;
  /** Of the picture, which is 16 : 9; default 1280. */
  width?: number;
}

/** Registers the camera from a page of its own, which stays open. */
export async function startBrowserCamera(page: Page, options: BrowserCameraOptions): Promise<BrowserCamera> {
  // A page of the same server: Chromium lets no page from elsewhere, not even an empty one, speak to loopback.
  await page.goto(new URL('/healthz', options.server.replace(/^ws/, 'http')).href);
  const peer = await page.evaluate(runDevice, options);
  return {
    peer,
    setDrawing: (drawing) => page.evaluate((value) => void ((window as unknown as DeviceWindow).camera.drawing = value), drawing),
    dropSessions: () => page.evaluate(dropSessions),
    askedProfiles: () => page.evaluate(() => (window as unknown as DeviceWindow).camera.askedProfiles),
  };
}

function dropSessions(): void {
  const { peers, socket } = (window as unknown as DeviceWindow).camera;
  for (const [session, connection] of peers) {
    connection.close();
    socket.send(JSON.stringify({ jsonrpc: '2.0', error: { code: 410, message: 'The camera restarted', session } }));
  }
  peers.clear();
}

/** Runs in the page, so it uses nothing from outside. */
async function runDevice(options: BrowserCameraOptions): Promise<string> {
  const camera: DeviceWindow['camera'] = {
    drawing: true,
    askedProfiles: [],
    peers: new Map(),
    socket: new WebSocket(options.server, 'webrtc.onvif.org'),
  };
  (window as unknown as DeviceWindow).camera = camera;
  const { socket, peers } = camera;

  const scale = (options.width ?? 1280) / 1280;
  const canvas = Object.assign(document.createElement('canvas'), { width: 1280 * scale, height: 720 * scale });
  const picture = canvas.getContext('2d');
  picture?.scale(scale, scale);
  let frame = 0;
  setInterval(() => {
    if (!camera.drawing || picture === null) return;
    frame += 1;
    const sky = picture.createLinearGradient(0, 0, 0, 720);
    sky.addColorStop(0, '#7a93ad');
    sky.addColorStop(0.55, '#c9d3d8');
    sky.addColorStop(0.56, '#59645c');
    sky.addColorStop(1, '#2f3733');
    picture.fillStyle = sky;
    picture.fillRect(0, 0, 1280, 720);
    picture.fillStyle = '#b0442f';
    picture.fillRect(((frame * 6) % 1400) - 120, 440, 120, 70);
    picture.fillStyle = '#fff';
    picture.font = '32px monospace';
    picture.fillText(`${options.name}  ${frame}`, 32, 690);
  }, 40);
  const audio = new AudioContext();
  const tone = audio.createOscillator();
  const sound = audio.createMediaStreamDestination();
  tone.connect(sound);
  tone.start();

  let nextId = 1;
  const answers = new Map<number, (result: Record<string, unknown>) => void>();
  const send = (message: object): void => socket.send(JSON.stringify({ jsonrpc: '2.0', ...message }));
  const request = (method: string, params: object): Promise<Record<string, unknown>> => {
    const id = nextId++;
    send({ id, method, params });
    return new Promise((resolve) => answers.set(id, resolve));
  };

  async function invite(session: string, iceServers: RTCIceServer[]): Promise<void> {
    const connection = new RTCPeerConnection({ iceServers });
    peers.set(session, connection);
    const drawing = canvas.captureStream(25);
    // Keeps the size, where the encoder would start small.
    for (const track of drawing.getVideoTracks()) track.contentHint = 'detail';
    const stream = new MediaStream([...drawing.getTracks(), ...sound.stream.getTracks()]);
    for (const track of stream.getTracks()) connection.addTrack(track, stream);
    connection.onicecandidate = ({ candidate }) => {
      send({ method: 'trickle', params: { session, candidate: candidate ?? { candidate: '', sdpMid: '0' } } });
    };
    await connection.setLocalDescription();
    const result = await request('invite', { session, offer: connection.localDescription?.sdp, subprotocols: [] });
    await connection.setRemoteDescription({ type: 'answer', sdp: String(result['answer']) });
  }

  socket.onmessage = ({ data }) => {
    const message = JSON.parse(String(data)) as {
      id?: number;
      method?: string;
      params?: { session: string; profile?: string; iceServers?: RTCIceServer[]; candidate?: RTCIceCandidateInit };
      result?: Record<string, unknown>;
    };
    if (message.method === 'connect' && message.params !== undefined) {
      camera.askedProfiles.push(message.params.profile ?? null);
      send({ id: message.id, result: {} });
      void invite(message.params.session, message.params.iceServers ?? []);
    } else if (message.method === 'trickle' && message.params?.candidate !== undefined) {
      void peers.get(message.params.session)?.addIceCandidate(message.params.candidate);
    } else if (message.method === undefined && message.id !== undefined) {
      answers.get(message.id)?.(message.result ?? {});
    }
  };
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = reject;
  });
  const { id } = await request('register', { authorization: options.token, name: options.name });
  return String(id);
}
