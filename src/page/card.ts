import type { CameraInfo, ProfileInfo, SessionInfo } from '../base/api.ts';
import type { Reason } from '../base/errors.ts';
import { AdaptationView } from './adaptation/adaptation-view.ts';
import { cameraFacts, cardView, isReachable, profileLabel, sentences, type CardView, type Notice } from './card-view.ts';
import { find, setIcon, setText } from './dom.ts';
import { formatDuration } from './format.ts';
import { toggleFullscreen } from './fullscreen.ts';
import type { BoxesChoice } from './metadata/boxes-choice.ts';
import { MetadataView } from './metadata/metadata-view.ts';
import { Player, type Target } from './player.ts';
import { TOKEN_REFUSED } from './signaling-reason.ts';
import { renderPanel } from './statistics-panel.ts';
import { TalkButton } from './talk-button.ts';

export interface CardOptions {
  /** Camera id; the peer id where only that is known. */
  id: string;
  /** Where and how to connect to the camera as it is now, or why that cannot be. */
  target: (camera: CameraInfo | null, profile: string | null) => Target | Reason;
  /** The gateway's clock minus this device's, milliseconds; null when not known. */
  gatewayAheadMs: () => number | null;
  boxes: BoxesChoice;
  /** The camera or its playback changed. */
  onChange: () => void;
}

/** One camera on the page: what is known of it, its picture and the controls. */
export class Card {
  readonly element: HTMLElement;
  readonly video: HTMLVideoElement;
  readonly player: Player;
  readonly metadata: MetadataView;
  readonly #options: CardOptions;
  readonly #parts: ReturnType<typeof findParts>;
  readonly #talk: TalkButton;
  readonly #adaptation: AdaptationView;
  #camera: CameraInfo | null = null;

  constructor(options: CardOptions) {
    this.#options = options;
    const template = find(document, '#card', HTMLTemplateElement);
    const fragment = template.content.cloneNode(true) as DocumentFragment;
    this.element = find(fragment, '.card', HTMLElement);
    this.element.dataset['cameraId'] = options.id;
    this.#parts = findParts(this.element);
    this.video = this.#parts.video;
    this.metadata = new MetadataView(this.element, options.boxes);
    this.#adaptation = new AdaptationView(this.element);
    this.player = new Player({
      video: this.video,
      target: () => this.#target(),
      cameraClockAheadMs: () => this.#cameraClockAheadMs(),
      onChange: () => this.#onChange(),
      onSession: (session) => {
        this.metadata.watch(session);
        this.#adaptation.watch(session);
      },
    });
    const { talk, talkStatus } = this.#parts;
    this.#talk = new TalkButton({ button: talk, status: talkStatus, session: () => this.player.session });
    this.#listen();
    this.#name(options.id);
  }

  /** WebSocket URL of the signaling server that did not accept the token for this card; null while none did so. */
  get refusedBy(): string | null {
    const { playback } = this.player;
    if (playback.state !== 'failed' || playback.reason.code !== TOKEN_REFUSED) return null;
    const target = this.#target();
    return 'code' in target ? null : target.server;
  }

  /** SSRC of the pictures of its session, where what the gateway decides for that is looked at, or says why no picture comes; else null. */
  get wantedSession(): number | null {
    const { playback, session } = this.player;
    if (session?.state !== 'live') return null;
    const isLookedAt = !this.#parts.panel.hidden || this.#adaptation.held !== null;
    const isWaiting = playback.state === 'connecting' || (playback.state === 'playing' && playback.stalledSince !== null);
    return isLookedAt || isWaiting ? session.videoSsrc : null;
  }

  /** What the gateway said of the sessions that it was asked for. */
  updateSession(sessions: readonly SessionInfo[], asked: readonly number[]): void {
    const wanted = this.wantedSession;
    if (wanted === null || !asked.includes(wanted)) return;
    this.#adaptation.take(sessions, Date.now(), this.#options.gatewayAheadMs() ?? 0);
    this.render();
  }

  /** News of the camera. A wait for a camera that is back ends at once. */
  update(camera: CameraInfo): void {
    const wasReachable = isReachable(this.#camera);
    this.#camera = camera;
    this.element.dataset['cameraState'] = camera.state;
    this.#name(camera.name);
    setText(this.#parts.facts, cameraFacts(camera));
    this.#showPeer(camera.peer);
    this.#showProfiles(camera);
    if (!wasReachable && isReachable(camera)) this.player.retry();
    this.#onChange();
  }

  /** For a card that knows a peer id and nothing else. */
  showPeer(peer: string, server: string): void {
    this.#showPeer(peer);
    setText(this.#parts.facts, server);
    this.#parts.profile.hidden = true;
    this.render();
  }

  /** Brings the element in line with camera, playback and the time; called on each change and once a second. */
  render(): void {
    const { playback, statistics } = this.player;
    const view = cardView(this.#camera, this.#profile(), playback, Date.now(), this.#adaptation.held);
    const { element } = this;
    element.dataset['state'] = playback.state;
    element.dataset['tone'] = view.tone;
    element.toggleAttribute('data-stalled', playback.state === 'playing' && playback.stalledSince !== null);
    setText(this.#parts.status, view.status);
    this.#showNotice(view.notice);
    this.#showControls(view);
    this.#talk.render(this.#parts.name.textContent, { profile: this.#profile() });
    this.metadata.render(this.#parts.name.textContent, view.active);
    this.#showWarnings();
    const behind = view.notice === null ? (statistics?.behindLiveMs ?? null) : null;
    setText(this.#parts.behind, behind === null ? '' : `${formatDuration(behind)} behind`);
    if (this.#parts.panel.hidden) return;
    renderPanel(this.#parts.statisticsList, { statistics, camera: this.#camera, profile: this.#profile() });
    this.#adaptation.render(this.#camera?.profiles ?? [], Date.now());
  }

  /** Stops and leaves the page. */
  close(): void {
    this.#talk.stop();
    this.player.stop();
    this.metadata.close();
    this.element.remove();
  }

  /** A profile without H.264 needs a person, who sets the camera's encoder or chooses another profile. */
  #onChange(): void {
    const reason = this.#profile()?.stream.reason ?? null;
    if (reason?.code === 'stream.no_h264') this.player.giveUp(reason);
    this.render();
    this.#options.onChange();
  }

  #listen(): void {
    const { play, retry, stop, sound, statistics, fullscreen, profile, panel } = this.#parts;
    play.addEventListener('click', () => {
      this.player.play();
      // The button is gone now; whoever came by keyboard goes on at the next one.
      sound.focus({ preventScroll: true });
    });
    retry.addEventListener('click', () => (this.player.playback.state === 'waiting' ? this.player.retry() : this.player.play()));
    stop.addEventListener('click', () => {
      this.player.stop();
      play.focus({ preventScroll: true });
    });
    sound.addEventListener('click', () => {
      this.video.muted = !this.video.muted;
    });
    this.video.addEventListener('volumechange', () => this.#showSound());
    statistics.addEventListener('click', () => {
      panel.hidden = !panel.hidden;
      statistics.setAttribute('aria-expanded', String(!panel.hidden));
      this.render();
    });
    fullscreen.addEventListener('click', () => void toggleFullscreen(this.element, this.video));
    profile.addEventListener('change', () => {
      if (this.player.playback.state !== 'idle') this.player.play();
      this.render();
    });
  }

  #name(name: string): void {
    const parts = this.#parts;
    setText(parts.name, name);
    parts.play.setAttribute('aria-label', `Play ${name}`);
    this.video.setAttribute('aria-label', name);
    for (const [button, does] of [
      [parts.statistics, 'Statistics and details'],
      [parts.fullscreen, 'Full screen'],
      [parts.stop, 'Stop'],
    ] as const) {
      button.setAttribute('aria-label', `${does}, ${name}`);
      button.title = does;
    }
    this.#showSound();
  }

  #showPeer(peer: string | null): void {
    setText(this.#parts.peer, peer ?? '');
    setText(this.#parts.peerLabel, peer === null ? 'Not registered at the signaling server' : 'Peer');
  }

  #showSound(): void {
    const { sound, name } = this.#parts;
    const does = this.video.muted ? 'Sound on' : 'Sound off';
    sound.title = does;
    sound.setAttribute('aria-label', `${does}, ${name.textContent}`);
    setIcon(sound, this.video.muted ? 'muted' : 'sound');
  }

  #showNotice(notice: Notice | null): void {
    const parts = this.#parts;
    parts.notice.hidden = notice === null;
    if (notice === null) return;
    parts.notice.dataset['busy'] = String(notice.busy);
    parts.notice.dataset['overPicture'] = String(notice.overPicture);
    setText(parts.noticeTitle, notice.title);
    setText(parts.noticeDetail, notice.detail ?? '');
    parts.noticeDetail.hidden = notice.detail === null;
    setText(parts.retry, notice.action ?? '');
    parts.retry.hidden = notice.action === null;
  }

  #showControls(view: CardView): void {
    const { play, sound, talk, fullscreen, stop } = this.#parts;
    play.hidden = !view.canPlay;
    for (const control of [sound, talk, fullscreen, stop]) control.hidden = !view.active;
  }

  /** What viewers of the chosen profile miss. Rebuilt only when it changed, so that a selection in it survives the next second. */
  #showWarnings(): void {
    const { warnings } = this.#parts;
    const wanted = (this.#profile()?.warnings ?? []).map(sentences);
    warnings.hidden = wanted.length === 0;
    if (JSON.stringify([...warnings.children].map(({ textContent }) => textContent)) === JSON.stringify(wanted)) return;
    warnings.replaceChildren(
      ...wanted.map((text) => {
        const item = document.createElement('li');
        item.textContent = text;
        return item;
      }),
    );
  }

  /** Rebuilt only when it changed, since an open list would close. */
  #showProfiles(camera: CameraInfo): void {
    const { profile } = this.#parts;
    const wanted = camera.profiles.map((candidate) => [candidate.token, profileLabel(candidate)] as const);
    profile.hidden = wanted.length === 0;
    const shown = [...profile.options].map((option) => [option.value, option.text] as const);
    if (JSON.stringify(shown) === JSON.stringify(wanted)) return;
    const chosen = profile.value;
    profile.replaceChildren(...wanted.map(([token, label]) => new Option(label, token)));
    if (wanted.some(([token]) => token === chosen)) profile.value = chosen;
  }

  /** The chosen profile; the camera's first where none is. */
  #profile(): ProfileInfo | null {
    const profiles = this.#camera?.profiles ?? [];
    return profiles.find((profile) => profile.token === this.#parts.profile.value) ?? profiles[0] ?? null;
  }

  #target(): Target | Reason {
    return this.#options.target(this.#camera, this.#parts.profile.value || null);
  }

  #cameraClockAheadMs(): number | null {
    const gatewayAheadMs = this.#options.gatewayAheadMs();
    const cameraAheadMs = this.#camera?.clockOffsetMs ?? null;
    return gatewayAheadMs === null || cameraAheadMs === null ? null : gatewayAheadMs + cameraAheadMs;
  }
}

function findParts(card: HTMLElement) {
  const part = <Part extends Element>(name: string, type: new () => Part): Part => find(card, `[data-testid="${name}"]`, type);
  return {
    video: part('video', HTMLVideoElement),
    play: part('play', HTMLButtonElement),
    behind: part('behind', HTMLElement),
    notice: part('notice', HTMLElement),
    noticeTitle: part('notice-title', HTMLElement),
    noticeDetail: part('notice-detail', HTMLElement),
    retry: part('retry', HTMLButtonElement),
    name: part('name', HTMLElement),
    status: part('status', HTMLElement),
    facts: part('facts', HTMLElement),
    peer: part('peer', HTMLElement),
    warnings: part('warnings', HTMLElement),
    peerLabel: find(card, '.peer span', HTMLElement),
    profile: part('profile', HTMLSelectElement),
    sound: part('sound', HTMLButtonElement),
    talk: part('talk', HTMLButtonElement),
    talkStatus: part('talk-status', HTMLElement),
    statistics: part('statistics', HTMLButtonElement),
    fullscreen: part('fullscreen', HTMLButtonElement),
    stop: part('stop', HTMLButtonElement),
    panel: part('statistics-panel', HTMLElement),
    statisticsList: part('statistics-list', HTMLElement),
  };
}
