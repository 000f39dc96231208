import { expect, it } from 'vitest';
import { Tokens } from '../../../src/page/tokens.ts';

const PAGE = 'https://nvr.example:8443/view/?peer=p1';

function tokens(): Tokens {
  const kept = new Map<string, string>();
  return new Tokens({ getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => void kept.set(key, value) }, PAGE);
}

it.each([
  'wss://other.example:8443/signaling',
  'wss://nvr.example/signaling',
  'ws://nvr.example:8443/signaling',
  'wss://nvr.example:8443.evil.example/signaling',
])('the token of the gateway is nothing for %s', (server) => {
  const store = tokens();
  store.set('wss://nvr.example:8443/signaling', 'secret');
  expect(store.get(server)).toBeNull();
});

it('another server has its own token, which the gateway does not get', () => {
  const store = tokens();
  store.set('wss://other.example/a', 'other');
  expect(store.get('wss://other.example/a')).toBe('other');
  expect(store.get('wss://other.example/b')).toBeNull();
  expect(store.get('wss://nvr.example:8443/signaling')).toBeNull();
});
