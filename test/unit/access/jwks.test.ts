import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jwtVerify } from 'jose';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Jwks } from '../../../src/access/jwks.ts';
import { createLogger } from '../../../src/base/log.ts';
import { Issuer } from './issuer.ts';

const MINUTE = 60_000;

describe('the keys of an issuer', () => {
  let issuer: Issuer;
  let jwks: Jwks;
  let clock: number;
  let lines: Record<string, unknown>[];

  function keysAt(source: string): Jwks {
    lines = [];
    const write = (line: string): void => void lines.push(JSON.parse(line) as Record<string, unknown>);
    return new Jwks({ source, log: createLogger({ destination: { write } }), now: () => clock });
  }

  beforeEach(async () => {
    clock = 0;
    issuer = await new Issuer().listen();
    await issuer.addKey('one', 'ES256');
    jwks = keysAt(issuer.url);
  });

  afterEach(() => issuer.close());

  async function accepts(token: string): Promise<boolean> {
    return jwtVerify(token, jwks.keyOf).then(
      () => true,
      () => false,
    );
  }

  it('are asked for once, however many tokens come at the same time', async () => {
    const token = await issuer.sign('one');
    await expect(Promise.all([accepts(token), accepts(token), accepts(token)])).resolves.toEqual([true, true, true]);
    expect(issuer.asked).toBe(1);
  });

  it('are asked for again when a token names a new one, but not by whoever makes names up', async () => {
    await accepts(await issuer.sign('one'));
    await issuer.addKey('two', 'ES256');
    const token = await issuer.sign('two');
    clock += MINUTE;
    await expect(accepts(token)).resolves.toBe(true);
    expect(issuer.asked).toBe(2);
    clock += 20_000;
    const stranger = new Issuer();
    for (const kid of ['x', 'y', 'z']) {
      await stranger.addKey(kid, 'ES256');
      await expect(accepts(await stranger.sign(kid))).resolves.toBe(false);
    }
    expect(issuer.asked).toBe(2);
  });

  it('are asked for again when they are old, so that a withdrawn one is gone', async () => {
    const token = await issuer.sign('one');
    await accepts(token);
    issuer.published.length = 0;
    await issuer.addKey('two', 'ES256');
    clock += 11 * MINUTE;
    await accepts(token);
    await vi.waitFor(() => expect(accepts(token)).resolves.toBe(false));
    expect(issuer.asked).toBe(2);
  });

  it('stay in use while the issuer is away, for an hour, and the log says so', async () => {
    const token = await issuer.sign('one');
    await accepts(token);
    issuer.answer = { status: 500, body: '' };
    clock += 59 * MINUTE;
    await expect(accepts(token)).resolves.toBe(true);
    await jwks.look();
    expect(lines).toMatchObject([
      { level: 40, msg: expect.stringMatching(/HTTP 500; those known are used for an hour/) as string },
    ]);
    clock += 2 * MINUTE;
    await expect(accepts(token)).resolves.toBe(false);
    issuer.answer = undefined;
    clock += MINUTE;
    await expect(accepts(token)).resolves.toBe(true);
    expect(lines.at(-1)?.['msg']).toBe(`The keys of tokens are read again from ${issuer.url}`);
  });

  it.each([
    ['an error', { status: 500, body: '' }, 'HTTP 500'],
    ['a redirect', { status: 302, body: '' }, 'redirect'],
    ['no JSON', { status: 200, body: '<html>' }, 'JSON'],
    ['no set of keys', { status: 200, body: '{"keys": 5}' }, 'Key Set'],
    ['more than anybody has', { status: 200, body: ' '.repeat(300_000) }, 'longer than 256 KiB'],
  ])('are none where the answer is %s, which the log says once', async (_what, answer, why) => {
    issuer.answer = answer;
    const token = await issuer.sign('one');
    await expect(accepts(token)).resolves.toBe(false);
    clock += MINUTE;
    await expect(accepts(token)).resolves.toBe(false);
    expect(issuer.asked).toBe(2);
    expect(lines).toHaveLength(1);
    expect(lines[0]?.['msg']).toContain(why);
    expect(lines[0]?.['msg']).toContain('every JSON Web Token is refused until then');
  });

  it('are soon asked for again while there are none', async () => {
    issuer.answer = { status: 503, body: '' };
    const token = await issuer.sign('one');
    await accepts(token);
    issuer.answer = undefined;
    clock += 4000;
    await expect(accepts(token)).resolves.toBe(false);
    expect(issuer.asked).toBe(1);
    clock += 2000;
    await expect(accepts(token)).resolves.toBe(true);
  });

  it('may be behind a password in the URL, which the issuer gets and the log does not', async () => {
    const place = issuer.url.replace('//', '//keys:hunter%40two@');
    jwks = keysAt(place);
    await expect(accepts(await issuer.sign('one'))).resolves.toBe(true);
    expect(issuer.authorization).toBe(`Basic ${Buffer.from('keys:hunter@two').toString('base64')}`);
    for (const [index, source] of [place, place.replace('hunter%40two', 'hunter%zz')].entries()) {
      issuer.answer = { status: 401, body: '' };
      jwks = keysAt(source);
      await jwks.look();
      expect(lines, String(index)).toHaveLength(1);
      expect(JSON.stringify(lines)).not.toContain('hunter');
    }
  });

  it.each([
    ['no key', []],
    ['half a key', [{ kty: 'RSA' }]],
    ['a secret only', [{ kty: 'oct', k: 'c2VjcmV0' }]],
  ])('are said to be of no use when the set holds %s, until there is one', async (_what, keys) => {
    issuer.answer = { status: 200, body: JSON.stringify({ keys }) };
    await jwks.look();
    clock += MINUTE;
    await jwks.look();
    const place = issuer.url;
    expect(lines).toMatchObject([
      { level: 40, msg: `No key of the set at ${place} can be used; every JSON Web Token is refused until one can.` },
    ]);
    issuer.answer = undefined;
    clock += MINUTE;
    await expect(accepts(await issuer.sign('one'))).resolves.toBe(true);
    expect(lines.at(-1)?.['msg']).toBe(`The keys of tokens are read again from ${place}`);
  });

  it('may stand in a file, which is read again', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'jwks-'));
    const file = join(folder, 'keys.json');
    writeFileSync(file, JSON.stringify({ keys: issuer.published }));
    jwks = keysAt(file);
    await expect(accepts(await issuer.sign('one'))).resolves.toBe(true);
    await issuer.addKey('two', 'ES256');
    writeFileSync(file, JSON.stringify({ keys: issuer.published }));
    clock += MINUTE;
    await expect(accepts(await issuer.sign('two'))).resolves.toBe(true);
    rmSync(folder, { recursive: true });
  });
});
