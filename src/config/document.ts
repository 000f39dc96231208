import {
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
  type Alias,
  type Document,
  type Node,
  type YAMLMap,
} from 'yaml';
import { ConfigError, type ConfigIssue } from './config-error.ts';

export type Path = readonly PropertyKey[];

/** Each alias may stand for a whole camera; a thousand is more than a site's template needs and less than a bomb. */
const MAX_ALIASES = 1000;

const TOO_DEEP = 'is nested too deeply to be read; a config has a few levels';

/** Advice by the parser's error code, where its own sentence does not say what to do. */
const ADVICE: Record<string, string> = {
  TAB_AS_INDENT: 'indent with spaces',
  BAD_INDENT: 'indent the keys of one map by the same number of spaces',
  BAD_SCALAR_START: 'put the value in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'put a value that contains ": " in quotes, or indent the next line',
  DUPLICATE_KEY: 'keep one of the two',
  MISSING_CHAR: 'close the quote or bracket, or put ": " after the key',
  BAD_ALIAS: 'put a value that starts with * in quotes',
  TOO_MANY_ALIASES: 'write the values out',
  TAG_RESOLVE_FAILED: 'put a value that starts with ! in quotes',
  MULTIPLE_DOCS: 'remove the line with ---',
};

/** A YAML text whose values know where they stand. */
export class ConfigDocument {
  readonly file: string;
  readonly #lines = new LineCounter();
  readonly #document: Document;
  /** What each alias stands for; the parser itself would look through the whole text for each. */
  readonly #targets = new Map<Alias, Node>();

  /** @throws ConfigError where the text is nested too deeply to be parsed. */
  constructor(file: string, text: string) {
    this.file = file;
    try {
      // What the parser would print by itself stands among the issues.
      const options = { lineCounter: this.#lines, prettyErrors: false, merge: true, logLevel: 'error' } as const;
      // Its search for keys that stand twice takes the square of their number.
      this.#document = parseDocument(text, { ...options, uniqueKeys: false });
    } catch {
      // It recurses, and notes only some of the places where its stack ends.
      throw new ConfigError([{ file, path: '', message: TOO_DEEP }]);
    }
  }

  /** What keeps the text from being YAML that means something. */
  syntaxIssues(): ConfigIssue[] {
    const issues = [...this.#document.errors, ...this.#document.warnings].map(({ code, message, pos }) => ({
      code: code as string,
      message,
      offset: pos[0],
    }));
    const add = (code: string, message: string, node: Node): void => {
      issues.push({ code, message, offset: node.range?.[0] ?? 0 });
    };
    const anchors = new Map<string, Node>();
    let aliases = 0;
    visit(this.#document, {
      Node: (_key, node) => {
        if (isMap(node)) for (const key of repeatedKeys(node)) add('DUPLICATE_KEY', 'Map keys must be unique', key);
        if (!isAlias(node)) {
          if (node.anchor !== undefined) anchors.set(node.anchor, node);
          return;
        }
        aliases += 1;
        const target = anchors.get(node.source);
        if (target === undefined) add('BAD_ALIAS', 'An alias stands before its anchor', node);
        else this.#targets.set(node, target);
        if (aliases === MAX_ALIASES + 1) add('TOO_MANY_ALIASES', `There are more than ${MAX_ALIASES} aliases`, node);
      },
    });
    // Once the parser has lost its way it stumbles over each token that follows.
    const causes = issues.filter(({ message }, index) => index === 0 || !message.includes('in YAML stream'));
    return causes.map(({ code, message, offset }) => ({ ...this.#placeOf(offset), path: '', message: describe(code, message) }));
  }

  /** Replaces every text value by what `replace` makes of it; undefined leaves it. Texts that are keys stay. */
  replaceTexts(replace: (text: string, issueAt: (message: string) => ConfigIssue) => string | undefined): void {
    visit(this.#document, {
      Scalar: (key, scalar, ancestors) => {
        if (key === 'key' || typeof scalar.value !== 'string') return;
        const path = (): string => formatPath(pathOf([...ancestors, scalar]));
        const replaced = replace(scalar.value, (message) => ({ ...this.#placeOf(scalar.range?.[0]), path: path(), message }));
        // `source` keeps what is written, for messages.
        scalar.source ??= scalar.value;
        if (replaced !== undefined) scalar.value = replaced;
      },
    });
  }

  /**
   * Plain data.
   *
   * @throws ReferenceError where aliases expand to too much.
   */
  toData(): unknown {
    return this.#document.toJS({ maxAliasCount: MAX_ALIASES });
  }

  /** An issue at the value of `path`, at its key, or, where neither is written, at what should hold it. */
  issueAt(path: Path, message: string, at: 'value' | 'key' = 'value'): ConfigIssue {
    return { ...this.#placeOf(this.#offsetOf(path, at)), path: formatPath(path), message };
  }

  /** Line of the value at `path`, 1-based. */
  lineOf(path: Path): number | undefined {
    return this.#placeOf(this.#offsetOf(path, 'value')).line;
  }

  /** A value as it is written, before variables were replaced; undefined where it is no single value. */
  writtenAt(path: Path): string | undefined {
    const node = this.#walk(path)?.value;
    return isScalar(node) ? (node.source ?? String(node.value)) : undefined;
  }

  #offsetOf(path: Path, at: 'value' | 'key'): number | undefined {
    for (let length = path.length; length >= 0; length -= 1) {
      const found = this.#walk(path.slice(0, length));
      if (found === undefined) continue;
      const node = at === 'key' || length < path.length ? (found.key ?? found.value) : (found.value ?? found.key);
      if (node?.range) return node.range[0];
    }
    return undefined;
  }

  #walk(path: Path): { key?: Node; value?: Node } | undefined {
    let found: { key?: Node; value?: Node } = isNode(this.#document.contents) ? { value: this.#document.contents } : {};
    for (const step of path) {
      const holder = isAlias(found.value) ? this.#targets.get(found.value) : found.value;
      if (isSeq(holder)) {
        const item: unknown = holder.items[Number(step)];
        if (!isNode(item)) return undefined;
        found = { value: item };
      } else if (isMap(holder)) {
        const pair = holder.items.find(({ key }) => (isScalar(key) ? String(key.value) : String(key)) === step);
        if (pair === undefined) return undefined;
        found = { ...(isNode(pair.key) ? { key: pair.key } : {}), ...(isNode(pair.value) ? { value: pair.value } : {}) };
      } else {
        return undefined;
      }
    }
    return found;
  }

  #placeOf(offset: number | undefined): { file: string; line?: number; column?: number } {
    if (offset === undefined) return { file: this.file };
    const { line, col } = this.#lines.linePos(offset);
    return { file: this.file, line, column: col };
  }
}

/** Keys of the map that stand in it before; `<<` may stand more than once. */
function repeatedKeys({ items }: YAMLMap): Node[] {
  const seen = new Set<unknown>();
  return items.flatMap(({ key }) => {
    if (!isScalar(key) || key.value === '<<' || typeof key.value === 'symbol') return [];
    if (seen.has(key.value)) return [key];
    seen.add(key.value);
    return [];
  });
}

/** `cameras[1].rtsp.main` */
function formatPath(path: Path): string {
  return path.reduce<string>((before, step) => {
    if (typeof step === 'number') return `${before}[${step}]`;
    return before === '' ? String(step) : `${before}.${String(step)}`;
  }, '');
}

/** The path of the last of a chain of nodes. */
function pathOf(chain: readonly unknown[]): Path {
  const path: PropertyKey[] = [];
  for (const [index, node] of chain.entries()) {
    const child = chain[index + 1];
    if (isSeq(node)) path.push(node.items.indexOf(child));
    else if (isMap(node)) {
      const pair = node.items.find((item) => item === child);
      if (pair !== undefined) path.push(isScalar(pair.key) ? String(pair.key.value) : String(pair.key));
    }
  }
  return path;
}

/** The parser's sentence without what it quotes of the text, which may be a secret. */
function describe(code: string, message: string): string {
  // The parser recurses: thousands of brackets in each other exhaust its stack.
  if (/stack/i.test(message)) return TOO_DEEP;
  const sentence = message.replace(/: .*$/s, '');
  const advice = ADVICE[code];
  return `is not YAML here: ${sentence}${advice === undefined ? '' : `; ${advice}`}`;
}
