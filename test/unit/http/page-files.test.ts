import { describe, expect, it } from 'vitest';
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
