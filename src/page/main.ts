import type { PeerConnection } from '../client/index.ts';
import { OWN_SERVER, readAddress, signalingUrl, withoutToken } from './address.ts';
import type { DrawnBoxes } from './metadata/overlay.ts';
import type { Playback } from './playback.ts';
import type { Statistics } from './player.ts';
import { Tokens } from './tokens.ts';
import { Viewer } from './viewer.ts';

declare global {
  interface Window {
    /** For automated tests and for curious people with a console; reads only. */
    viewer: { readonly sessions: Record<string, SessionView> };
  }
}

/** One card by camera id (peer id for `?peer=`). */
interface SessionView {
  playback: Playback;
  /** Null while there is no session. */
  peerConnection: PeerConnection | null;
  video: HTMLVideoElement;
  statistics: Statistics | null;
  /** The boxes that are on the picture; null where there are none. */
  boxes: DrawnBoxes | null;
}

const address = readAddress(location.search);
const tokens = new Tokens(sessionStorage, document.baseURI);
if (address.token !== null) {
  const server = signalingUrl(address.single?.server ?? OWN_SERVER, document.baseURI);
  if (server !== null) tokens.set(server, address.token);
  history.replaceState(history.state, '', location.pathname + withoutToken(location.search) + location.hash);
}

const viewer = new Viewer(address, tokens);
window.viewer = {
  get sessions() {
    const entries = [...viewer.cards].map(([id, { player, video, metadata }]) => {
      const view: SessionView = {
        playback: player.playback,
        peerConnection: player.peerConnection,
        video,
        statistics: player.statistics,
        boxes: metadata.drawn,
      };
      return [id, view] as const;
    });
    return Object.fromEntries(entries);
  },
};
viewer.start();
