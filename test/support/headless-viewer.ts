import { onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import { connect, type OnvifSession } from '../../src/client/index.ts';
import { HeadlessPeerConnection } from '../../src/peer/webrtc/headless/peer-connection.ts';
import type { Site } from './site.ts';

const LIVE = { timeout: 20_000, interval: 20 };

/** A viewer without a browser. */
export interface HeadlessViewer {
  session: OnvifSession;
  /** The metadata documents that came, as XML. */
  documents: string[];
}

/** Watches a camera of a site until the test ends; returns once the session is live. */
export async function watchHeadless(
  { signaling }: Pick<Site, 'signaling'>,
  peer: string,
  profile?: string,
): Promise<HeadlessViewer> {
  const session: OnvifSession = connect(signaling, {
    peer,
    ...(profile === undefined ? {} : { profile }),
    createPeerConnection: ({ iceServers }) =>
      new HeadlessPeerConnection({ iceServers, onFirstFrame: () => session.noteFirstFrame() }),
    createWebSocket: (url, subprotocol) => new WebSocket(url, subprotocol, { perMessageDeflate: false }),
  });
  onTestFinished(() => session.close());
  const documents: string[] = [];
  session.on('metadata', (xml) => documents.push(xml));
  await vi.waitUntil(() => session.state === 'live', LIVE);
  return { session, documents };
}
