import { expect, it } from 'vitest';
import { isLoopbackHost } from '../../../src/base/loopback.ts';

it.each(['127.0.0.1', '127.255.0.9', '::1', '[::1]', 'localhost', 'LOCALHOST', 'cam.localhost'])('%s is this machine', (host) => {
  expect(isLoopbackHost(host)).toBe(true);
});

it.each([
  '0.0.0.0',
  '::',
  '192.168.1.1',
  '127.0.0.1.example.com',
  '127.evil.example',
  'localhost.example.com',
  'notlocalhost',
  '',
  '128.0.0.1',
])('"%s" is not', (host) => expect(isLoopbackHost(host)).toBe(false));
