import { expect, it } from 'vitest';
import { suggest } from '../../../src/config/suggest.ts';

const KEYS = ['id', 'name', 'onvif', 'rtsp', 'username', 'password', 'password_file', 'signaling'];

it.each([
  ['pasword', 'password'],
  ['passwrod', 'password'],
  ['passwordFile', 'password_file'],
  ['Name', 'name'],
  ['user-name', 'username'],
  ['signalling', 'signaling'],
  ['onvi', 'onvif'],
])('%s was meant to be %s', (written, meant) => expect(suggest(written, KEYS)).toBe(meant));

it.each(['talk', 'x', 'video_source', 'a'.repeat(100_000)])('nothing was meant by %s', (written) =>
  expect(suggest(written, KEYS)).toBeUndefined(),
);
