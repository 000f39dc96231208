import { describe, expect, it } from 'vitest';
import { StaticTokens } from '../../../src/access/static-tokens.ts';

describe('static tokens', () => {
  const tokens = new StaticTokens({
    clients: [{ token: 'all' }, { token: 'some', peers: ['a', 'b'] }],
    devices: [{ token: 'one', peer: 'a' }, { token: 'any' }],
  });

  it('grant what they were made for', () => {
    expect(tokens.verify('all')).toEqual({ role: 'client' });
    expect(tokens.verify('some')).toEqual({ role: 'client', peers: new Set(['a', 'b']) });
    expect(tokens.verify('one')).toEqual({ role: 'device', peer: 'a' });
    expect(tokens.verify('any')).toEqual({ role: 'device' });
  });

  it.each([[undefined], [''], ['al'], ['all '], ['ALL'], ['x'.repeat(10_000)]])('grant nothing otherwise: %j', (token) => {
    expect(tokens.verify(token)).toBeUndefined();
  });

  it('may let clients in without one, but a wrong one is still wrong', () => {
    const open = new StaticTokens({ openToClients: true });
    expect(open.verify(undefined)).toEqual({ role: 'client' });
    expect(open.verify('wrong')).toBeUndefined();
  });

  it('of a device come and go with it', () => {
    const some = new StaticTokens({ clients: [{ token: 'all' }] });
    some.addDevice('first', 'yard');
    some.addDevice('second', 'gate');
    expect(some.verify('first')).toEqual({ role: 'device', peer: 'yard' });
    some.removeDevice('yard');
    expect(some.verify('first')).toBeUndefined();
    expect(some.verify('second')).toEqual({ role: 'device', peer: 'gate' });
    expect(some.verify('all')).toEqual({ role: 'client' });
  });
});
