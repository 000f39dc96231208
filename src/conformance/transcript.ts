/** Most lines that are kept; the first of a longer conversation go. */
const MAX_LINES = 200;
/** Longest line, characters; an offer has 3000 to 20000. */
const MAX_LINE_LENGTH = 4000;

/** Members of a message whose values are secrets. */
const SECRET_MEMBERS = /("(?:authorization|access_token|credential|password|token)"\s*:\s*)"(?:[^"\\]|\\.)*"/gi;
const SECRET_QUERY = /((?:access_token|token|authorization)=)[^&\s"]+/gi;
const SECRET_HEADER = /(Bearer\s+)[^\s"]+/gi;

export interface TranscriptLine {
  /** Since the case began, milliseconds. */
  atMs: number;
  /** Who said it and to whom, such as `device -> kit`, or empty for what the kit notes. */
  direction: string;
  text: string;
}

/** What was said on the wire during one case, bounded, without tokens. */
export class Transcript {
  readonly #secrets: readonly string[];
  #lines: TranscriptLine[] = [];
  #dropped = 0;
  #startedAt = performance.now();

  /** @param secrets never to be shown, wherever they stand */
  constructor(secrets: readonly string[] = []) {
    this.#secrets = secrets.filter((secret) => secret !== '');
  }

  /** A new case begins. */
  clear(): void {
    this.#lines = [];
    this.#dropped = 0;
    this.#startedAt = performance.now();
  }

  add(direction: string, text: string): void {
    const shown = this.redact(text);
    const cut = shown.length > MAX_LINE_LENGTH ? `${shown.slice(0, MAX_LINE_LENGTH)} ... (${shown.length} characters)` : shown;
    this.#lines.push({ atMs: Math.round(performance.now() - this.#startedAt), direction, text: cut });
    if (this.#lines.length > MAX_LINES) {
      this.#lines.shift();
      this.#dropped += 1;
    }
  }

  /** What the kit saw or did that is no frame. */
  note(text: string): void {
    this.add('', text);
  }

  /** The text without the secrets that are known, and without what stands where secrets do. */
  redact(text: string): string {
    let shown = text;
    for (const secret of this.#secrets) shown = shown.replaceAll(secret, '***');
    return shown.replace(SECRET_MEMBERS, '$1"***"').replace(SECRET_QUERY, '$1***').replace(SECRET_HEADER, '$1***');
  }

  get lines(): TranscriptLine[] {
    const dropped = { atMs: 0, direction: '', text: `(${this.#dropped} earlier lines left out)` };
    return this.#dropped === 0 ? [...this.#lines] : [dropped, ...this.#lines];
  }
}
