import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from '../../base/log.ts';
import type { DeviceIdentity } from '../../camera/device-identity.ts';
import { readBounded, reasonOfFailure } from '../../config/secrets.ts';

/** By camera id. */
type Identities = ReadonlyMap<string, DeviceIdentity>;

const FILE = 'cameras.json';
const VERSION = 1;
/** Ten thousand cameras take less. */
const MAX_BYTES = 8 * 1024 * 1024;
const MAX_TEXT = 1024;

/**
 * Keeps over restarts by what cameras are known: after a power cut gateway and cameras start together, and just then cameras
 * get other addresses. A file that cannot be read or written costs that and nothing else; the log says so once.
 */
export class IdentityStore {
  readonly #directory: string | undefined;
  readonly #logger: Logger;
  #kept: Identities = new Map();
  /** What the config says that cameras call themselves; null: nothing. */
  readonly #configured = new Map<string, string | null>();
  /** The same when {@link #kept} was written. */
  #configuredBefore: ReadonlyMap<string, string | null> = new Map();
  #writing: Promise<void> = Promise.resolve();
  #warned = false;

  /** @param directory Absent: nothing is kept. */
  constructor(directory: string | undefined, logger: Logger) {
    this.#directory = directory;
    this.#logger = logger;
  }

  /** Reads what was kept. To be called once, before all else. */
  load(): void {
    if (this.#directory === undefined) return;
    let text: string | undefined;
    try {
      text = readBounded(join(this.#directory, FILE), MAX_BYTES);
    } catch (error) {
      // At the first start there is none.
      if (codeOf(error) !== 'ENOENT') this.#warn(reasonOfFailure(error));
      return;
    }
    const entries = entriesOf(text ?? '');
    if (entries === undefined) this.#warn('is damaged');
    this.#kept = new Map(entries?.map(([id, { identity }]) => [id, identity]));
    this.#configuredBefore = new Map(entries?.map(([id, { configured }]) => [id, configured]));
  }

  /**
   * By what a camera is known at the start.
   *
   * @param endpointReference What the config says; where it said something else before, another device was put there.
   */
  identityOf(cameraId: string, endpointReference: string | undefined): DeviceIdentity | undefined {
    this.#configured.set(cameraId, endpointReference ?? null);
    const kept = this.#kept.get(cameraId);
    if (endpointReference === undefined || kept?.endpointReference === endpointReference) return kept;
    // A camera that has chosen itself another name since is still that of the config.
    if (kept !== undefined && this.#configuredBefore.get(cameraId) === endpointReference) return kept;
    return { endpointReference, manufacturer: '', model: '', serial: '' };
  }

  /** Keeps these in place of what was kept, unless that is the same. */
  save(identities: Identities): void {
    const directory = this.#directory;
    if (directory === undefined || isDeepStrictEqual(identities, this.#kept)) return;
    this.#kept = new Map(identities);
    const entries = [...identities].map(
      ([id, identity]) => [id, { ...identity, configured: this.#configured.get(id) ?? null }] as const,
    );
    const text = JSON.stringify({ version: VERSION, cameras: Object.fromEntries(entries) }, null, 2);
    this.#writing = this.#writing.then(() => this.#write(directory, `${text}\n`));
  }

  /** Resolves once all is written. */
  async close(): Promise<void> {
    await this.#writing;
  }

  /** In one step, also where the power is cut in the middle of it. */
  async #write(directory: string, text: string): Promise<void> {
    const file = join(directory, FILE);
    const temporary = `${file}.${randomBytes(4).toString('hex')}`;
    try {
      await mkdir(directory, { recursive: true });
      const handle = await open(temporary, 'wx', 0o600);
      try {
        await handle.writeFile(text);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(temporary, file);
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined);
      this.#warn(`cannot be written: ${codeOf(error)}`);
    }
  }

  #warn(why: string): void {
    if (this.#warned) return;
    this.#warned = true;
    this.#logger.warn(
      `The state file ${join(this.#directory ?? '', FILE)} ${why}; after a restart a camera is found again at another address only by endpoint: in the config.`,
    );
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

/** What is kept of one camera. */
interface Entry {
  identity: DeviceIdentity;
  configured: string | null;
}

/** Undefined where the text is no such file; entries that are damaged are left out. */
function entriesOf(text: string): [string, Entry][] | undefined {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(data) || data['version'] !== VERSION || !isRecord(data['cameras'])) return undefined;
  return Object.entries(data['cameras']).flatMap(([id, value]): [string, Entry][] => {
    const entry = entryOf(value);
    return entry === undefined ? [] : [[id, entry]];
  });
}

function entryOf(value: unknown): Entry | undefined {
  if (!isRecord(value)) return undefined;
  const { endpointReference, configured, manufacturer, model, serial } = value;
  if (!isName(endpointReference) || !isName(configured)) return undefined;
  if (!isText(manufacturer) || !isText(model) || !isText(serial)) return undefined;
  return { identity: { endpointReference, manufacturer, model, serial }, configured };
}

function isName(value: unknown): value is string | null {
  return value === null || isText(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_TEXT;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
