import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadPageFiles } from '../../../src/http/page-files.ts';

describe('page files in a checkout', () => {
  it('are built with scripts and styles of our own under hashed names, and nothing inline', async () => {
    const files = await loadPageFiles();
    const document = files.get('/')?.body.toString() ?? '';
    const links = [...document.matchAll(/(?:src|href)="\.([^"]+)"/g)].map((match) => match[1] ?? '');
    expect(links.filter((link) => link.endsWith('.js'))).toHaveLength(1);
    expect(links.filter((link) => link.endsWith('.css'))).toHaveLength(1);
    for (const link of links) expect(files.get(link), link).toMatchObject({ immutable: true });
    // What the Content-Security-Policy would refuse.
    expect(document).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=/);
    expect(document).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
  });
});

describe('page files of the published package', () => {
  let dist: string;
  let compiled: string;
  beforeEach(async () => {
    dist = await mkdtemp(join(tmpdir(), 'page-files-'));
    compiled = pathToFileURL(join(dist, 'http', 'page-files.js')).href;
  });
  afterEach(() => rm(dist, { recursive: true }));

  it('are read from beside the compiled module', async () => {
    await mkdir(join(dist, 'page', 'assets'), { recursive: true });
    await writeFile(join(dist, 'page', 'index.html'), '<!doctype html>');
    await writeFile(join(dist, 'page', 'assets', 'main-1a2b.js'), 'run()');
    const files = await loadPageFiles(compiled);
    expect(files.get('/')).toEqual({
      body: Buffer.from('<!doctype html>'),
      contentType: 'text/html; charset=utf-8',
      immutable: false,
    });
    expect(files.get('/assets/main-1a2b.js')).toMatchObject({ body: Buffer.from('run()'), immutable: true });
  });

  it('are missed with an advice, whether the folder or the document is gone', async () => {
    const missing = { code: 'http.page_missing', advice: expect.any(String) };
    await expect(loadPageFiles(compiled)).rejects.toMatchObject(missing);
    await mkdir(join(dist, 'page'));
    await expect(loadPageFiles(compiled)).rejects.toMatchObject(missing);
  });
});
