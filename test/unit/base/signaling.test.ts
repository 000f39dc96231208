import { describe, expect, it } from 'vitest';
import { JsonRpcError } from '../../../src/base/json-rpc.ts';
import {
  endsSession,
  Gate,
  readExpiry,
  readExpirySeconds,
  readProfile,
  readString,
  readStrings,
  SignalingError,
} from '../../../src/base/signaling.ts';

describe('a signaling error', () => {
  it('has a sentence for people of its own, and keeps what the other side said', () => {
    const error = SignalingError.from(new JsonRpcError(401, 'invalid_token'));
    expect(error).toMatchObject({ code: 401, message: 'The token was not accepted.', detail: 'invalid_token' });
  });

  it('says what the other side said where the code is unknown, or is 404', () => {
    expect(SignalingError.from(new JsonRpcError(404, 'There is no profile "x"')).message).toBe('There is no profile "x"');
    expect(SignalingError.from(new JsonRpcError(4711, 'Out of paper'))).toMatchObject({ code: 4711, message: 'Out of paper' });
  });
});

describe('an error notification', () => {
  it('ends its session', () => {
    for (const code of [400, 408, 410, 480, 504, 1001, 4711]) expect([code, endsSession(code, true)]).toEqual([code, true]);
  });

  it('leaves it where it is about a candidate, about who talks, or about one message', () => {
    for (const code of [1003, 486, 488, -32700, -32601]) expect([code, endsSession(code, false)]).toEqual([code, false]);
  });

  it('that a peer left the signaling server ends only what is not connected yet', () => {
    expect(endsSession(1002, false)).toBe(true);
    expect(endsSession(1002, true)).toBe(false);
  });
});

describe('fields', () => {
  it('that must be a string are 400 when they are not', () => {
    expect(readString({ session: 's1' }, 'session')).toBe('s1');
    for (const session of [undefined, null, '', 5, {}]) {
      expect(() => readString({ session }, 'session')).toThrow(expect.objectContaining({ code: 400 }) as Error);
    }
  });

  it('that list strings drop the rest and are bounded', () => {
    expect(readStrings(['a', 5, 'b'])).toEqual(['a', 'b']);
    expect(readStrings('a')).toEqual([]);
    expect(readStrings(Array.from({ length: 100 }, () => 'a'))).toHaveLength(32);
  });

  it('that say an expiry mean no end when they are no number', () => {
    expect([0, 60, 0.5, '60'].map((value) => readExpirySeconds(value))).toEqual([0, 60, 0.5, 60]);
    for (const value of [undefined, null, '', 'soon', '-1', '1e9', -1, Number.NaN, Number.POSITIVE_INFINITY, true, {}])
      expect(readExpirySeconds(value)).toBeUndefined();
  });

  it('that say an expiry to a device are 400 when they are no number, since the session must end', () => {
    for (const expiryTimeSeconds of [undefined, null]) expect(readExpiry({ expiryTimeSeconds })).toBeUndefined();
    expect(readExpiry({ expiryTimeSeconds: '3600' })).toBe(3600);
    for (const expiryTimeSeconds of ['', 'soon', -1, Number.POSITIVE_INFINITY, true, {}])
      expect(() => readExpiry({ expiryTimeSeconds })).toThrow(expect.objectContaining({ code: 400 }) as Error);
  });

  it('that name a profile may be left out, and are 400 when they are no string', () => {
    expect(readProfile({ profile: 'main' })).toBe('main');
    for (const profile of [undefined, null, '']) expect(readProfile({ profile })).toBeUndefined();
    for (const profile of [5, {}, ['main']])
      expect(() => readProfile({ profile })).toThrow(expect.objectContaining({ code: 400 }) as Error);
  });
});

describe('a gate', () => {
  it('keeps the order of what was held back, also of what comes while it opens', () => {
    const gate = new Gate();
    const seen: number[] = [];
    gate.run(() => {
      seen.push(1);
      gate.run(() => seen.push(3));
    });
    gate.run(() => seen.push(2));
    expect(seen).toEqual([]);
    gate.open();
    gate.run(() => seen.push(4));
    expect(seen).toEqual([1, 2, 3, 4]);
  });

  it('holds a bounded number of actions', () => {
    const gate = new Gate();
    const accepted = Array.from({ length: 300 }, () => gate.run(() => {})).filter(Boolean);
    expect(accepted).toHaveLength(256);
  });
});
