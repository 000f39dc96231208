import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GatewayError } from '../base/errors.ts';

export interface PageFile {
  body: Buffer;
  contentType: string;
  /** The name carries a hash of the content, so that a browser may keep it for ever. */
  immutable: boolean;
}

/** The files of the viewer page by URL path; `/` is the document. */
export type PageFiles = ReadonlyMap<string, PageFile>;

const CONTENT_TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/**
 * The viewer page: built in memory where this module runs from TypeScript sources (a checkout), read from beside the
 * compiled module (`dist/page`) where it runs from the published package.
 *
 * @param thisModule URL of this module; a test may put another place in.
 * @throws GatewayError `http.page_missing` when there is nothing to serve.
 */
export async function loadPageFiles(thisModule: string = import.meta.url): Promise<PageFiles> {
  const folder = fileURLToPath(new URL('../page/', thisModule));
  const files = thisModule.endsWith('.ts') ? await buildPage(folder) : await readPage(folder);
  const document = files.get('/index.html');
  if (document === undefined) throw pageMissing(`${folder} has no index.html.`);
  files.set('/', document);
  return files;
}

async function buildPage(folder: string): Promise<Map<string, PageFile>> {
  const { build } = await import('vite');
  const outputs = await build({ root: folder, logLevel: 'silent', configLoader: 'native', build: { write: false } });
  const files = new Map<string, PageFile>();
  for (const output of [outputs].flat()) {
    if (!('output' in output)) throw pageMissing('vite was asked for one build and started a watcher.');
    for (const item of output.output) {
      addFile(files, item.fileName, Buffer.from(item.type === 'chunk' ? item.code : item.source));
    }
  }
  return files;
}

async function readPage(folder: string): Promise<Map<string, PageFile>> {
  const files = new Map<string, PageFile>();
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((cause: unknown) => {
    throw pageMissing(`${folder} cannot be read.`, cause);
  });
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    addFile(files, path.slice(folder.length), await readFile(path));
  }
  return files;
}

function addFile(files: Map<string, PageFile>, name: string, body: Buffer): void {
  const contentType = CONTENT_TYPES[extname(name)];
  if (contentType === undefined) return;
  files.set(`/${name.replaceAll('\\', '/')}`, { body, contentType, immutable: name.startsWith('assets') });
}

function pageMissing(detail: string, cause?: unknown): GatewayError {
  return new GatewayError('http.page_missing', `The viewer page cannot be served: ${detail}`, {
    advice: 'Reinstall the package, or run `npm run build` in a checkout.',
    cause,
  });
}
