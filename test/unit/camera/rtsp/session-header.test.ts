import { describe, expect, it } from 'vitest';
import { parseSession } from '../../../../src/camera/rtsp/session-header.ts';

describe('Session header', () => {
  it.each([
    ['12345678', { id: '12345678', timeoutMs: 60_000 }],
    [' a+b$-_. ;timeout=90', { id: 'a+b$-_.', timeoutMs: 90_000 }],
    ['a; Timeout = "30"', { id: 'a', timeoutMs: 30_000 }],
    ['a;x=1;timeout=15', { id: 'a', timeoutMs: 15_000 }],
    ['a;timeout=0', { id: 'a', timeoutMs: 60_000 }],
    ['a;timeout=-5', { id: 'a', timeoutMs: 60_000 }],
    ['a;timeout', { id: 'a', timeoutMs: 60_000 }],
    [';timeout=5', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('%j', (value, expected) => {
    expect(parseSession(value)).toEqual(expected);
  });
});
