import { describe, expect, it } from 'vitest';
import {
  formatAuthorization,
  formatChallenge,
  nextNonce,
  parseChallenges,
  strongestChallenge,
  verifyAuthorization,
  type Challenge,
  type DigestChallenge,
} from '../../../../src/camera/rtsp/auth.ts';

/** RFC 7616 section 3.9.1 */
const RFC_7616: DigestChallenge = {
  scheme: 'Digest',
  realm: 'http-auth@example.org',
  nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
  algorithm: 'MD5',
  qop: true,
  opaque: 'FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS',
  stale: false,
};
const MUFASA = { username: 'Mufasa', password: 'Circle of Life' };
const GET = {
  method: 'GET',
  uri: '/dir/index.html',
  nonceCount: 1,
  clientNonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
};
/** RFC 2069 section 2.4; the response is the one of erratum 749. */
const RFC_2069: DigestChallenge = {
  scheme: 'Digest',
  realm: 'testrealm@host.com',
  nonce: 'dcd98b7102dd2f0e8b11d0f600bfb0c093',
  algorithm: 'MD5',
  qop: false,
  opaque: '5ccc069c403ebaf9f0171e9517f40e41',
  stale: false,
};

describe('challenges', () => {
  it('reads several, in one header and in several', () => {
    const values = [
      'Digest realm="a, \\"b\\"", qop="auth,auth-int", algorithm=SHA-256, nonce="n1", opaque="o", Basic realm="c"',
      'digest Realm = "d", nonce=n2, stale=TRUE',
    ];
    expect(parseChallenges(values)).toEqual([
      { scheme: 'Digest', realm: 'a, "b"', nonce: 'n1', algorithm: 'SHA-256', qop: true, opaque: 'o', stale: false },
      { scheme: 'Basic', realm: 'c' },
      { scheme: 'Digest', realm: 'd', nonce: 'n2', algorithm: 'MD5', qop: false, stale: true },
    ]);
  });

  it('leaves out what it does not have', () => {
    const unknown = [
      'Negotiate',
      'Bearer realm="x"',
      'Digest realm="x", nonce="n", algorithm=SHA-512-256',
      'Digest realm="no nonce"',
    ];
    expect(parseChallenges([...unknown, 'Digest realm="x", nonce="n", qop="auth-int"', '', '=,"'])).toEqual([]);
  });

  it('takes an empty qop for none, as cameras mean it', () => {
    expect(parseChallenges(['Digest realm="x", nonce="n", qop=""'])).toMatchObject([{ qop: false }]);
  });

  it('finds the next nonce, whatever stands around it', () => {
    expect(nextNonce('qop=auth, rspauth="6629", nextnonce="n2", nc=00000001')).toBe('n2');
    expect([undefined, '', 'nextnonce', 'rspauth="nextnonce=1"'].map(nextNonce)).toEqual(Array(4).fill(undefined));
  });

  it('reads algorithms in whatever case', () => {
    const values = ['Digest realm="x", nonce="n", algorithm=sha-256-SESS', 'Digest realm="x", nonce="n", algorithm="md5"'];
    expect(parseChallenges(values)).toMatchObject([{ algorithm: 'SHA-256-sess' }, { algorithm: 'MD5' }]);
  });

  it('chooses SHA-256 before MD5 before Basic, whatever their order', () => {
    const sha256: Challenge = { ...RFC_7616, algorithm: 'SHA-256' };
    const basic: Challenge = { scheme: 'Basic', realm: 'x' };
    expect(strongestChallenge([basic, RFC_7616, sha256])).toBe(sha256);
    expect(strongestChallenge([basic, RFC_7616])).toBe(RFC_7616);
    expect(strongestChallenge([basic])).toBe(basic);
    expect(strongestChallenge([])).toBeUndefined();
  });

  it.each<Challenge>([
    RFC_2069,
    RFC_7616,
    { ...RFC_7616, algorithm: 'SHA-256', stale: true },
    { scheme: 'Basic', realm: 'a "b" \\c' },
  ])('reads what it writes: %j', (challenge) => {
    expect(parseChallenges([formatChallenge(challenge)])).toEqual([challenge]);
  });
});

describe('authorization', () => {
  it('answers as RFC 7616 section 3.9.1 with MD5', () => {
    const value = formatAuthorization(RFC_7616, MUFASA, GET);
    expect(value).toContain('response="8ca523f5e9506fed4657c9700eebdbec"');
    expect(value).toContain('qop=auth, nc=00000001, cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"');
  });

  it('answers as RFC 7616 section 3.9.1 with SHA-256', () => {
    expect(formatAuthorization({ ...RFC_7616, algorithm: 'SHA-256' }, MUFASA, GET)).toContain(
      'response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1", algorithm=SHA-256',
    );
  });

  // Computed with Python's hashlib.
  it.each([
    { algorithm: 'MD5-sess', qop: true, response: 'e783283f46242139c486a698fec7211d' },
    { algorithm: 'MD5-sess', qop: false, response: '37a7f42db2090a3fcac4e26e747d4fc8' },
    { algorithm: 'SHA-256-sess', qop: true, response: '2fd51b3a77ad75bad6afad6003e818d767133c46d9e2749e7f5232ae1ea3efd7' },
    { algorithm: 'SHA-256-sess', qop: false, response: '30bc0742357e535c85094121d22cf826b794be0667e19537beb7b28f2251c274' },
  ] as const)('answers $algorithm, qop $qop, and names its nonce', ({ algorithm, qop, response }) => {
    const value = formatAuthorization({ ...RFC_7616, algorithm, qop }, MUFASA, GET);
    expect(value).toContain(`response="${response}", algorithm=${algorithm}`);
    expect(value).toContain(`cnonce="${GET.clientNonce}"`);
  });

  it('answers as RFC 2617 section 3.5', () => {
    const credentials = { username: 'Mufasa', password: 'Circle Of Life' };
    expect(formatAuthorization({ ...RFC_2069, qop: true }, credentials, { ...GET, clientNonce: '0a4f113b' })).toContain(
      'response="6629fae49393a05397450978507c4ef1"',
    );
  });

  it('answers in the form of RFC 2069 where the camera names no qop', () => {
    expect(formatAuthorization(RFC_2069, { username: 'Mufasa', password: 'CircleOfLife' }, GET)).toBe(
      'Digest username="Mufasa", realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", uri="/dir/index.html", ' +
        'response="1949323746fe6a43ef61f9606e7febea", opaque="5ccc069c403ebaf9f0171e9517f40e41"',
    );
  });

  it('answers Basic in UTF-8, as RFC 7617 section 2.1', () => {
    expect(formatAuthorization({ scheme: 'Basic', realm: 'foo' }, { username: 'test', password: '123£' }, GET)).toBe(
      'Basic dGVzdDoxMjPCow==',
    );
  });
});

describe('verification', () => {
  const check = {
    method: 'GET',
    credentials: MUFASA,
    realm: RFC_7616.realm,
    isCurrentNonce: (nonce: string) => nonce === RFC_7616.nonce,
  };

  it.each<DigestChallenge>([
    RFC_7616,
    { ...RFC_7616, algorithm: 'SHA-256' },
    { ...RFC_7616, algorithm: 'SHA-256-sess' },
    { ...RFC_7616, algorithm: 'MD5-sess', qop: false },
    { ...RFC_7616, qop: false },
  ])('accepts the right answer to %j', (challenge) => {
    expect(verifyAuthorization(formatAuthorization(challenge, MUFASA, GET), check)).toBe('accepted');
  });

  it('accepts names and passwords outside ASCII', () => {
    const credentials = { username: 'Jürgen "J"', password: 'schlüssel' };
    expect(verifyAuthorization(formatAuthorization(RFC_7616, credentials, GET), { ...check, credentials })).toBe('accepted');
  });

  it('refuses another password, name, method, realm, a missing and a mangled answer', () => {
    const right = formatAuthorization(RFC_7616, MUFASA, GET);
    expect(verifyAuthorization(formatAuthorization(RFC_7616, { ...MUFASA, password: 'x' }, GET), check)).toBe('refused');
    expect(verifyAuthorization(formatAuthorization(RFC_7616, { ...MUFASA, username: 'x' }, GET), check)).toBe('refused');
    expect(verifyAuthorization(right, { ...check, method: 'PLAY' })).toBe('refused');
    expect(verifyAuthorization(formatAuthorization({ ...RFC_7616, realm: 'x' }, MUFASA, GET), check)).toBe('refused');
    expect(verifyAuthorization(undefined, check)).toBe('refused');
    expect(verifyAuthorization(right.replace('response="8', 'response="9'), check)).toBe('refused');
    expect(verifyAuthorization(right.replace('nc=00000001', 'nc=00000002'), check)).toBe('refused');
  });

  it('tells an old nonce from a wrong password', () => {
    const old = { ...RFC_7616, nonce: 'old' };
    expect(verifyAuthorization(formatAuthorization(old, MUFASA, GET), check)).toBe('stale');
    expect(verifyAuthorization(formatAuthorization(old, { ...MUFASA, password: 'x' }, GET), check)).toBe('refused');
  });

  it('accepts Basic only where it is allowed, and only the right one', () => {
    const basic = (password: string): string => formatAuthorization({ scheme: 'Basic', realm: '' }, { ...MUFASA, password }, GET);
    expect(verifyAuthorization(basic(MUFASA.password), check)).toBe('refused');
    expect(verifyAuthorization(basic(MUFASA.password), { ...check, allowBasic: true })).toBe('accepted');
    expect(verifyAuthorization(basic('x'), { ...check, allowBasic: true })).toBe('refused');
  });
});
