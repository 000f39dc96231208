import { describe, expect, it } from 'vitest';
import { SignJWT } from 'jose';
import { Access } from '../../../src/access/access.ts';
import { silentLogger } from '../../../src/base/log.ts';
import { HOUR, now } from './issuer.ts';

const SECRET = 'a secret of thirty-two characters';

function token(claims: Record<string, unknown>): Promise<string> {
  const jwt = new SignJWT({ exp: now() + HOUR, ...claims }).setProtectedHeader({ alg: 'HS256' });
  return jwt.sign(new TextEncoder().encode(SECRET));
}

describe('who may see what', () => {
  it('is everybody where neither tokens nor an issuer are configured', async () => {
    const access = new Access({ viewerTokens: [], log: silentLogger });
    expect(access.isOpen).toBe(true);
    await expect(access.verify(undefined)).resolves.toEqual({ role: 'client' });
    await expect(access.verify('anything')).resolves.toBeUndefined();
  });

  it('is told by tokens of the config and of the issuer alike', async () => {
    const access = new Access({ viewerTokens: [{ token: 't', cameras: ['a'] }], jwt: { secret: SECRET }, log: silentLogger });
    expect(access.isOpen).toBe(false);
    await expect(access.verify('t')).resolves.toEqual({ role: 'client', peers: new Set(['a']) });
    await expect(access.verify(await token({ cameras: ['b'] }))).resolves.toMatchObject({ peers: new Set(['b']) });
    await expect(access.verify(undefined)).resolves.toBeUndefined();
  });

  it('is closed by an issuer alone', async () => {
    const access = new Access({ viewerTokens: [], jwt: { secret: SECRET }, log: silentLogger });
    expect(access.isOpen).toBe(false);
    await expect(access.verify(undefined)).resolves.toBeUndefined();
  });

  it('lets an issuer add devices, but not take the place of a camera of the gateway', async () => {
    const access = new Access({ viewerTokens: [], jwt: { secret: SECRET }, log: silentLogger });
    access.addDevice('camera-token', 'yard');
    const [own, other] = [await token({ role: 'device', peer: 'yard' }), await token({ role: 'device', peer: 'gate' })];
    await expect(access.verify(own)).resolves.toBeUndefined();
    await expect(access.verify(other)).resolves.toMatchObject({ role: 'device', peer: 'gate' });
    access.removeDevice('yard');
    await expect(access.verify(own)).resolves.toMatchObject({ role: 'device', peer: 'yard' });
  });
});
