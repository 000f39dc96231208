import type { ProfileInfo, SessionInfo } from '../../base/api.ts';
import { rungName } from '../../base/rung-name.ts';
import type { OnvifSession } from '../../client/index.ts';
import type { Held } from '../card-view.ts';
import { find, setText } from '../dom.ts';
import { formatBitrate, formatDuration, formatShare } from '../format.ts';
import { chartPaths } from './chart.ts';
import { AdaptationHistory } from './history.ts';
import { rungPlace } from './words.ts';

/** What a card shows of how its session keeps to the network: a chart of the last two minutes, its newest values as text, what was decided and why. */
export class AdaptationView {
  readonly #element: HTMLElement;
  #session: OnvifSession | null = null;
  #info: SessionInfo | null = null;
  #history = new AdaptationHistory();

  constructor(card: HTMLElement) {
    this.#element = find(card, '[data-testid="adaptation"]', HTMLElement);
  }

  /** What the gateway leaves out of the picture for the sake of the network; null where nothing is, or it has not been asked. */
  get held(): Held | null {
    const { adaptation, audioCodec } = this.#info ?? {};
    const thinning = adaptation?.rungs[adaptation.rung]?.thinning;
    return thinning === 'keyframes' || thinning === 'pictures' ? { thinning, hasSound: audioCodec !== null } : null;
  }

  /** Begins anew with another session, or none. */
  watch(session: OnvifSession | null): void {
    this.#session = session;
    this.#info = null;
    this.#history = new AdaptationHistory();
  }

  /**
   * Takes what the gateway said of sessions; none where it said nothing.
   *
   * @param nowMs milliseconds since 1970 by this device's clock
   * @param gatewayAheadMs the gateway's clock minus that one
   */
  take(sessions: readonly SessionInfo[], nowMs: number, gatewayAheadMs: number): void {
    const ssrc = this.#session?.videoSsrc ?? null;
    this.#info = (ssrc !== null && sessions.find(({ videoSsrc }) => videoSsrc === ssrc)) || null;
    if (this.#info !== null) this.#history.add(this.#info, nowMs, gatewayAheadMs);
  }

  /** To be called while it is looked at. */
  render(profiles: readonly ProfileInfo[], nowMs: number): void {
    const info = this.#info;
    this.#element.hidden = info === null;
    if (info === null) return;
    const { estimatedKbps, sentKbps, fractionLost, roundTripMs, adaptation } = info;
    const rung = adaptation?.rungs[adaptation.rung];
    this.#setText('shown', rung === undefined ? '' : rungName(rung, profiles));
    this.#setText(
      'place',
      adaptation === null ? 'The gateway sends what was asked for, whatever the network carries.' : rungPlace(adaptation),
    );
    this.#setText('estimate', formatBitrate(estimatedKbps));
    this.#setText('sent', formatBitrate(sentKbps));
    this.#setText('rung', formatBitrate(rung === undefined || rung.kbps === 0 ? null : rung.kbps));
    this.#setText('loss', formatShare(fractionLost));
    this.#setText('round-trip', formatDuration(roundTripMs));
    this.#showChart(nowMs);
    this.#showDecisions();
  }

  #showChart(nowMs: number): void {
    const { topKbps, changes, estimate, sent, rung, loss, roundTrip } = chartPaths(this.#history.samples, nowMs);
    this.#setText('top', formatBitrate(topKbps));
    for (const [name, path] of Object.entries({ changes, estimate, sent, rung, loss, 'round-trip': roundTrip })) {
      find(this.#element, `path.${name}`, SVGPathElement).setAttribute('d', path);
    }
  }

  /** Rebuilt only when there is another one, so that a selection in it survives the next second. */
  #showDecisions(): void {
    const list = find(this.#element, 'ol', HTMLOListElement);
    const wanted = this.#history.decisions.map(({ atMs, text }) => `${new Date(atMs).toLocaleTimeString()} ${text}`);
    list.hidden = wanted.length === 0;
    if (JSON.stringify([...list.children].map(({ textContent }) => textContent)) === JSON.stringify(wanted)) return;
    list.replaceChildren(
      ...wanted.map((text) => {
        const item = document.createElement('li');
        item.textContent = text;
        return item;
      }),
    );
  }

  #setText(name: string, text: string): void {
    setText(find(this.#element, `[data-testid="adaptation-${name}"]`, HTMLElement), text);
  }
}
