import { find, setText } from './dom.ts';
import type { FeedState } from './camera-feed.ts';

const TYPE_TOKEN = 'Type a token of http.auth in the config of the gateway. The demo prints an address with one.';

/** The page's one message above the cards: what is wrong with the gateway or the token, and what to do. */
export class Message {
  readonly #element = find(document, '.message', HTMLElement);
  readonly #title = find(this.#element, 'h2', HTMLElement);
  readonly #text = find(this.#element, 'p', HTMLElement);
  readonly #form = find(this.#element, 'form', HTMLFormElement);
  readonly #input = find(this.#element, 'input', HTMLInputElement);

  constructor(onToken: (token: string) => void) {
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      onToken(this.#input.value.trim());
    });
  }

  show(feed: FeedState, cameras: number): void {
    switch (feed.state) {
      case 'loading':
        return this.#hide();
      case 'unauthorized':
        return this.#set('bad', 'The token is missing or wrong', TYPE_TOKEN, true);
      case 'unreachable': {
        const playing = cameras === 0 ? '' : ' What plays goes on as long as the camera reaches this browser.';
        return this.#set('bad', 'No news from the gateway', `${feed.detail} Trying again every 2 seconds.${playing}`);
      }
      case 'ok':
        if (cameras > 0) return this.#hide();
        // A config has at least one camera, so it is the token that opens none.
        return this.#set('quiet', 'This token opens no camera', TYPE_TOKEN, true);
    }
  }

  #set(tone: 'bad' | 'quiet', title: string, text: string, askToken = false): void {
    this.#element.dataset['tone'] = tone;
    setText(this.#title, title);
    setText(this.#text, text);
    this.#form.hidden = !askToken;
    this.#element.hidden = false;
  }

  #hide(): void {
    this.#element.hidden = true;
    this.#input.value = '';
  }
}
