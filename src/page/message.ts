import { find, setText } from './dom.ts';
import type { FeedState } from './camera-feed.ts';

const TYPE_OWN_TOKEN = 'Type a token of http.auth in the config of the gateway. The demo prints an address with one.';

/** What the message is decided from. */
interface Facts {
  feed: FeedState;
  /** How many cards are shown. */
  cards: number;
  /** WebSocket URL of a signaling server that did not accept its token; null where all did. */
  refusedBy: string | null;
}

/** The page's one message above the cards: what is wrong with the gateway or a token, and what to do. */
export class Message {
  readonly #element = find(document, '.message', HTMLElement);
  readonly #title = find(this.#element, 'h2', HTMLElement);
  readonly #text = find(this.#element, 'p', HTMLElement);
  readonly #form = find(this.#element, 'form', HTMLFormElement);
  readonly #input = find(this.#element, 'input', HTMLInputElement);
  readonly #ownServer: string;
  /** Whose token the form asks for. */
  #asker: string;

  /**
   * @param ownServer WebSocket URL of the gateway that sent the page
   * @param onToken gets a token that was typed, and the WebSocket URL of the server that it is for
   */
  constructor(ownServer: string, onToken: (token: string, server: string) => void) {
    this.#ownServer = ownServer;
    this.#asker = ownServer;
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      onToken(this.#input.value.trim(), this.#asker);
    });
  }

  show({ feed, cards, refusedBy }: Facts): void {
    if (feed.state === 'unauthorized') return this.#ask('The token is missing or wrong', this.#ownServer);
    if (refusedBy !== null) return this.#ask('The token is missing or wrong', refusedBy);
    if (feed.state === 'unreachable') {
      const playing = cards === 0 ? '' : ' What plays goes on as long as the camera reaches this browser.';
      return this.#set('No news from the gateway', `${feed.detail} Trying again every 2 seconds.${playing}`, false);
    }
    if (feed.state === 'ok' && cards === 0 && feed.answer.found !== undefined) {
      return this.#set(
        'No camera yet',
        'The gateway searches its networks. What the config adopts appears here by itself.',
        false,
      );
    }
    // A config without discovery has at least one camera, so it is the token that opens none.
    if (feed.state === 'ok' && cards === 0) return this.#ask('This token opens no camera', this.#ownServer);
    this.#element.hidden = true;
    this.#input.value = '';
  }

  #ask(title: string, server: string): void {
    this.#asker = server;
    this.#set(title, server === this.#ownServer ? TYPE_OWN_TOKEN : `Type a token of the signaling server ${server}.`, true);
  }

  #set(title: string, text: string, askToken: boolean): void {
    setText(this.#title, title);
    setText(this.#text, text);
    this.#form.hidden = !askToken;
    this.#element.hidden = false;
  }
}
