import type { CameraInfo, CamerasAnswer } from '../base/api.ts';
import type { Reason } from '../base/errors.ts';
import { isOwnServer, OWN_SERVER, signalingUrl, type PageAddress } from './address.ts';
import { SessionFeed } from './adaptation/session-feed.ts';
import { stopWhileAway } from './away.ts';
import { CameraFeed, type FeedState } from './camera-feed.ts';
import { isReachable } from './card-view.ts';
import { Card } from './card.ts';
import { find, setText } from './dom.ts';
import { FoundPanel } from './found-panel.ts';
import { formatCount } from './format.ts';
import { BoxesChoice } from './metadata/boxes-choice.ts';
import { Message } from './message.ts';
import type { Target } from './player.ts';
import type { Tokens } from './tokens.ts';

const TICK_MS = 1000;

const NO_SERVER: Reason = {
  code: 'signaling.400',
  message: 'The address of the signaling server is not a WebSocket URL.',
  advice: 'Write it as wss://host/path.',
};

/** The page: cards for the gateway's cameras, or one for `?peer=`. */
export class Viewer {
  readonly cards = new Map<string, Card>();
  readonly #address: PageAddress;
  readonly #grid = find(document, '.grid', HTMLElement);
  readonly #summary = find(document, '.summary', HTMLElement);
  readonly #message: Message;
  readonly #found = new FoundPanel();
  readonly #feed: CameraFeed;
  readonly #sessions: SessionFeed;
  readonly #tokens: Tokens;
  readonly #boxes = new BoxesChoice(localStorage, window);
  readonly #ownServer = signalingUrl(OWN_SERVER, document.baseURI) ?? OWN_SERVER;
  #feedState: FeedState = { state: 'loading' };

  constructor(address: PageAddress, tokens: Tokens) {
    this.#address = address;
    this.#tokens = tokens;
    this.#feed = new CameraFeed(tokens.get(this.#ownServer), (state) => this.#onFeed(state));
    this.#sessions = new SessionFeed({
      token: () => tokens.get(this.#ownServer),
      wanted: () => (this.#isGateway ? [...this.cards.values()].flatMap(({ wantedSession }) => wantedSession ?? []) : []),
      onSessions: (sessions, asked) => {
        for (const card of this.cards.values()) card.updateSession(sessions, asked);
      },
    });
    this.#message = new Message(this.#ownServer, (token, server) => this.#setToken(token, server));
  }

  start(): void {
    const { single } = this.#address;
    if (single === null) {
      setText(this.#summary, 'Loading…');
      this.#feed.start();
    } else {
      const card = this.#addCard(single.peer, (_camera, _profile) => this.#target(single.server, single.peer, single.profile));
      card.showPeer(single.peer, signalingUrl(single.server, document.baseURI) ?? single.server);
      this.#grid.dataset['count'] = '1';
    }
    setInterval(() => {
      for (const card of this.cards.values()) card.render();
      this.#sessions.look();
    }, TICK_MS);
    stopWhileAway(window, () => [...this.cards.values()].map(({ player }) => player));
  }

  /** What sent the page is the gateway of its cameras, whose sessions it knows. */
  get #isGateway(): boolean {
    const { single } = this.#address;
    const server = single === null ? OWN_SERVER : single.server;
    return isOwnServer(signalingUrl(server, document.baseURI) ?? server, document.baseURI);
  }

  #setToken(token: string, server: string): void {
    this.#tokens.set(server, token);
    if (this.#address.single === null && server === this.#ownServer) this.#feed.setToken(token);
    for (const card of this.cards.values()) if (card.refusedBy === server) card.player.play();
  }

  #onFeed(feed: FeedState): void {
    this.#feedState = feed;
    if (feed.state === 'ok') {
      this.#showCameras(feed.answer);
      this.#found.show(feed.answer.found);
    } else setText(this.#summary, feed.state === 'unreachable' ? 'Gateway not reachable' : '');
    this.#showMessage();
  }

  #showMessage(): void {
    const refused = [...this.cards.values()].find((card) => card.refusedBy !== null);
    this.#message.show({ feed: this.#feedState, cards: this.cards.size, refusedBy: refused?.refusedBy ?? null });
  }

  #showCameras(answer: CamerasAnswer): void {
    const ids = new Set(answer.cameras.map((camera) => camera.id));
    for (const [id, card] of this.cards) {
      if (ids.has(id)) continue;
      card.close();
      this.cards.delete(id);
    }
    for (const camera of answer.cameras) {
      const card = this.cards.get(camera.id) ?? this.#addCard(camera.id, (known, profile) => this.#cameraTarget(known, profile));
      card.update(camera);
    }
    this.#grid.dataset['count'] = String(this.cards.size);
    const online = answer.cameras.filter(isReachable).length;
    setText(
      this.#summary,
      answer.cameras.length === 0 ? '' : `${online} of ${formatCount(answer.cameras.length, 'camera')} online`,
    );
  }

  #addCard(id: string, target: (camera: CameraInfo | null, profile: string | null) => Target | Reason): Card {
    const card = new Card({
      id,
      target,
      gatewayAheadMs: () => this.#feed.clock.aheadMs,
      boxes: this.#boxes,
      onChange: () => {
        this.#showMessage();
        this.#sessions.look();
      },
    });
    this.cards.set(id, card);
    this.#grid.append(card.element);
    return card;
  }

  #cameraTarget(camera: CameraInfo | null, profile: string | null): Target | Reason {
    if (camera === null || camera.peer === null) {
      return { code: 'camera.not_registered', message: 'The camera is not registered at the signaling server.' };
    }
    return this.#target(camera.signaling.server, camera.peer, profile);
  }

  #target(server: string, peer: string, profile: string | null): Target | Reason {
    const url = signalingUrl(server, document.baseURI);
    return url === null ? NO_SERVER : { server: url, peer, profile, token: () => this.#tokens.get(url) ?? undefined };
  }
}
