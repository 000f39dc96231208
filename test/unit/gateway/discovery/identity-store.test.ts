import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLogger } from '../../../../src/base/log.ts';
import { IdentityStore } from '../../../../src/gateway/discovery/identity-store.ts';
import { recordingLogger } from '../../../support/site.ts';

const YARD = { endpointReference: 'urn:uuid:1', manufacturer: 'Acme', model: 'X100', serial: '42' };

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'identities-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

function open(directory: string | null = folder): { store: IdentityStore; said: () => unknown[] } {
  const { logger, lines } = recordingLogger((destination) => createLogger({ destination }));
  const store = new IdentityStore(directory ?? undefined, logger);
  store.load();
  return { store, said: () => lines.map(({ msg }) => msg) };
}

describe('what was learned of cameras', () => {
  it('is there after a restart, in a folder that is made', async () => {
    const directory = join(folder, 'made');
    const { store, said } = open(directory);
    expect(store.identityOf('yard', undefined)).toBeUndefined();
    store.save(new Map([['yard', YARD]]));
    await store.close();
    expect(readdirSync(directory)).toEqual(['cameras.json']);
    expect(open(directory).store.identityOf('yard', undefined)).toEqual(YARD);
    expect(said()).toEqual([]);
  });

  it('is written only when it changed, and the last is what stays', async () => {
    const { store } = open();
    store.save(new Map([['yard', YARD]]));
    await store.close();
    rmSync(join(folder, 'cameras.json'));
    store.save(new Map([['yard', { ...YARD }]]));
    await store.close();
    expect(existsSync(join(folder, 'cameras.json'))).toBe(false);
    for (let serial = 0; serial < 20; serial += 1) store.save(new Map([['yard', { ...YARD, serial: String(serial) }]]));
    await store.close();
    expect(open().store.identityOf('yard', undefined)?.serial).toBe('19');
    expect(readdirSync(folder)).toEqual(['cameras.json']);
  });

  it('gives way to what the config says', () => {
    const { store } = open();
    store.save(new Map([['yard', YARD]]));
    expect(store.identityOf('yard', 'urn:uuid:1')).toEqual(YARD);
    expect(store.identityOf('yard', 'urn:uuid:2')).toEqual({
      endpointReference: 'urn:uuid:2',
      manufacturer: '',
      model: '',
      serial: '',
    });
    expect(store.identityOf('gate', 'urn:uuid:3')?.endpointReference).toBe('urn:uuid:3');
  });

  it('holds where the camera calls itself something else by now than the config says', async () => {
    const first = open().store;
    first.identityOf('yard', 'urn:uuid:config');
    first.save(new Map([['yard', YARD]]));
    await first.close();
    expect(open().store.identityOf('yard', 'urn:uuid:config')).toEqual(YARD);
    expect(open().store.identityOf('yard', 'urn:uuid:another')).toMatchObject({
      endpointReference: 'urn:uuid:another',
      serial: '',
    });
  });

  it.each(['', 'not json', '[]', '{"version":2,"cameras":{}}', '{"version":1,"cameras":[]}'])(
    'begins anew where the file is damaged, with a word in the log: %j',
    async (text) => {
      writeFileSync(join(folder, 'cameras.json'), text);
      const { store, said } = open();
      expect(said()).toEqual([expect.stringContaining('cameras.json is damaged')]);
      store.save(new Map([['yard', YARD]]));
      await store.close();
      expect(open().store.identityOf('yard', undefined)).toEqual(YARD);
    },
  );

  it('is taken as far as it is whole', () => {
    const whole = { ...YARD, configured: null };
    const cameras = { yard: whole, gate: { ...whole, serial: 7 }, door: null, long: { ...whole, model: 'x'.repeat(2000) } };
    writeFileSync(join(folder, 'cameras.json'), JSON.stringify({ version: 1, cameras }));
    const { store } = open();
    expect(['yard', 'gate', 'door', 'long'].map((id) => store.identityOf(id, undefined) !== undefined)).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });

  it('is lost where it cannot be written, with one word in the log', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    const { store, said } = open(join(file, 'below'));
    store.save(new Map([['yard', YARD]]));
    store.save(new Map([['yard', { ...YARD, serial: '43' }]]));
    await store.close();
    expect(said()).toEqual([expect.stringMatching(/cannot be (read|written)|ENOTDIR/)]);
  });

  it('is not kept without a directory', async () => {
    const { store } = open(null);
    store.save(new Map([['yard', YARD]]));
    await store.close();
    expect(readdirSync(folder)).toEqual([]);
  });
});
