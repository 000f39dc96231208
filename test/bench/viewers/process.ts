import { setImmediate as turnOfTheLoop, setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { connect } from '../../../src/client/index.ts';
import { serve } from '../remote.ts';
import type { LatencySamples, ReceptionCounts } from './reception.ts';
import { ViewerPeer } from './viewer-peer.ts';

/* Viewers of somebody's, in a process of their own. */

/** Where a viewer joins: at a signaling server as ONVIF has it, or by WHEP. */
export type Place = { kind: 'onvif'; server: string; peer: string } | { kind: 'whep'; url: string };

/** What came to all viewers of the process since {@link ViewerFunctions.begin}. */
export interface Received extends ReceptionCounts {
  latencies: LatencySamples;
}

export type ViewerFunctions = {
  /** Lets so many viewers join, one after the other; milliseconds from the beginning of each to its first picture. */
  join(join: { place: Place; viewers: number }): Promise<number[]>;
  /** One joins, watches for so long, and leaves; milliseconds to its first picture. */
  visit(visit: { place: Place; stayMs: number }): Promise<number>;
  begin(options: { sampleShare: number }): void;
  end(nothing: undefined): Promise<Received>;
  /** All go. */
  leave(nothing: undefined): void;
};

/** That of our offers; those who answer an offer of ours take its number over. */
const PAYLOAD_TYPE = 102;
const JOIN_TIMEOUT_MS = 20_000;
const JOIN_ATTEMPTS = 3;
/** Each viewer at its own time, as browsers do it: all at once would be bursts that hold up the packets that are measured. */
const TICK_MS = 5;
/** As browsers have it. */
const TICKS = { feedback: 20, report: 200 };
/** Packets that are decrypted at a time: some milliseconds, in which others come. */
const OPENED_AT_ONCE = 50;

interface Viewer {
  peer: ViewerPeer;
  leave: () => void;
}

const viewers: Viewer[] = [];
let tick = 0;

setInterval(() => {
  tick += 1;
  for (const [index, { peer }] of viewers.entries()) {
    if ((index + tick) % TICKS.feedback === 0) peer.feedBack();
    if ((index + tick) % TICKS.report === 0) peer.report();
  }
}, TICK_MS);

const functions: ViewerFunctions = {
  async join({ place, viewers: count }) {
    const times: number[] = [];
    for (let index = 0; index < count; index += 1) times.push((await join(place)).firstFrameMs);
    return times;
  },
  async visit({ place, stayMs }) {
    const { viewer, firstFrameMs } = await join(place);
    await delay(stayMs);
    end(viewer);
    return firstFrameMs;
  },
  begin({ sampleShare }) {
    for (const { peer } of viewers) peer.reception.begin(sampleShare);
  },
  async end() {
    const received: Received = { packets: 0, bytes: 0, lost: 0, forged: 0, latencies: { ofKeyframes: [], ofOthers: [] } };
    const receptions = viewers.map(({ peer }) => peer.reception);
    for (const reception of receptions) {
      reception.endSampling();
      received.packets += reception.counts.packets;
      received.bytes += reception.counts.bytes;
      received.lost += reception.counts.lost;
    }
    // Only now: it takes longer than to receive them.
    for (const reception of receptions) {
      while (reception.takeLatencies(OPENED_AT_ONCE, received.latencies)) await turnOfTheLoop();
      received.forged += reception.counts.forged;
    }
    return received;
  },
  leave() {
    for (const { leave } of viewers.splice(0)) leave();
  },
};
serve(functions);

interface Joined {
  viewer: Viewer;
  firstFrameMs: number;
}

/** On a busy machine a connection may take too long for one of its sides: that is said, and tried again. */
async function join(place: Place): Promise<Joined> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await tryToJoin(place);
    } catch (error) {
      if (attempt === JOIN_ATTEMPTS) throw error;
      process.stderr.write(`a viewer tries again: ${String(error)}\n`);
    }
  }
}

async function tryToJoin(place: Place): Promise<Joined> {
  const startedAt = performance.now();
  const { promise: firstFrame, resolve, reject } = Promise.withResolvers<void>();
  const peer = new ViewerPeer(PAYLOAD_TYPE, resolve);
  const timer = setTimeout(() => {
    reject(new Error(`no picture came within ${JOIN_TIMEOUT_MS / 1000} s, the connection is ${peer.connectionState}`));
  }, JOIN_TIMEOUT_MS);
  const leave = place.kind === 'onvif' ? joinOnvif(place, peer, { firstFrame, reject }) : await joinWhep(place.url, peer);
  const viewer = { peer, leave };
  viewers.push(viewer);
  try {
    await firstFrame;
    return { viewer, firstFrameMs: performance.now() - startedAt };
  } catch (error) {
    end(viewer);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function end(viewer: Viewer): void {
  const at = viewers.indexOf(viewer);
  if (at !== -1) viewers.splice(at, 1);
  viewer.leave();
}

function joinOnvif(
  { server, peer }: { server: string; peer: string },
  connection: ViewerPeer,
  { firstFrame, reject }: { firstFrame: Promise<void>; reject: (error: Error) => void },
): () => void {
  const session = connect(server, {
    peer,
    createPeerConnection: () => connection,
    createWebSocket: (url, subprotocol) => new WebSocket(url, subprotocol, { perMessageDeflate: false }),
  });
  session.on('error', (error) => {
    reject(error);
    process.stderr.write(`a viewer ended: ${error.message}\n`);
  });
  // Else the session goes on looking for it.
  firstFrame.then(
    () => session.noteFirstFrame(),
    () => undefined,
  );
  return () => session.close();
}

/** draft-ietf-wish-whep: the offer is posted, the answer comes with all candidates. */
async function joinWhep(url: string, connection: ViewerPeer): Promise<() => void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/sdp' },
    body: await connection.offer(),
    signal: AbortSignal.timeout(JOIN_TIMEOUT_MS),
  });
  const text = await response.text();
  if (response.status !== 201) throw new Error(`${url} answered ${response.status}: ${text.slice(0, 200)}`);
  await connection.accept(text);
  const session = response.headers.get('Location');
  return () => {
    connection.close();
    if (session !== null) fetch(new URL(session, url), { method: 'DELETE' }).catch(() => undefined);
  };
}
