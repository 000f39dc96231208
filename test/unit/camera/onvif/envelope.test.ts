import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { buildEnvelope, buildRequest, MEDIA1_NAMESPACE, textElement } from '../../../../src/camera/onvif/envelope.ts';
import { parseXml, textAt } from '../../../../src/camera/xml.ts';

const nonce = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');

describe('buildEnvelope', () => {
  it('makes the password digest from nonce, time by the camera and password as UTF-8', () => {
    const token = { username: 'viewer', password: 'grün€', nonce, createdMs: Date.UTC(2024, 1, 29, 23, 59, 59, 250) };
    const envelope = parseXml(buildEnvelope('<x/>', token));
    const at = (name: string): string | undefined => textAt(envelope, 'Header', 'Security', 'UsernameToken', name);
    expect(at('Username')).toBe('viewer');
    expect(at('Nonce')).toBe('AAECAwQFBgcICQoLDA0ODw==');
    expect(at('Created')).toBe('2024-02-29T23:59:59.250Z');
    // The bytes written out: u umlaut is c3 bc, the euro sign e2 82 ac.
    const password = Buffer.from('6772c3bc6ee282ac', 'hex');
    const digest = createHash('sha1').update(Buffer.concat([nonce, Buffer.from('2024-02-29T23:59:59.250Z'), password]));
    expect(at('Password')).toBe(digest.digest('base64'));
  });

  it('escapes user name and tokens, and sends no header without credentials', () => {
    const body = buildRequest(MEDIA1_NAMESPACE, 'GetStreamUri', textElement('ProfileToken', '<"main"&>'));
    const plain = parseXml(buildEnvelope(body.xml));
    expect(textAt(plain, 'Body', 'GetStreamUri', 'ProfileToken')).toBe('<"main"&>');
    expect(plain?.children.map((child) => child.name)).toEqual(['Body']);
    const signed = parseXml(buildEnvelope(body.xml, { username: 'a<b>&c', password: 'x', nonce, createdMs: 0 }));
    expect(textAt(signed, 'Header', 'Security', 'UsernameToken', 'Username')).toBe('a<b>&c');
  });
});
