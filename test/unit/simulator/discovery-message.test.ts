import { describe, expect, it } from 'vitest';
import { isMeant, parseQuery, type DiscoverableDevice, type DiscoveryQuery } from '../../../src/simulator/discovery-message.ts';

const DEVICE: DiscoverableDevice = {
  endpointReference: 'urn:uuid:1',
  scopes: ['onvif://www.onvif.org/Profile/Streaming', 'onvif://www.onvif.org/name/Front%20door'],
  xAddrs: ['http://127.0.0.1:8000/onvif/device_service'],
};

function query(body: string): DiscoveryQuery | undefined {
  return parseQuery(`<S:Envelope xmlns:S="http://www.w3.org/2003/05/soap-envelope" xmlns:A="http://schemas.xmlsoap.org/ws/2004/08/addressing"
    xmlns:D="http://schemas.xmlsoap.org/ws/2005/04/discovery" xmlns:n="http://www.onvif.org/ver10/network/wsdl" xmlns:d="http://www.onvif.org/ver10/device/wsdl">
    <S:Header><A:MessageID>urn:uuid:q</A:MessageID></S:Header><S:Body>${body}</S:Body></S:Envelope>`);
}

function finds(body: string): boolean {
  const parsed = query(body);
  if (parsed === undefined) throw new Error('This is no query');
  return isMeant(parsed, DEVICE);
}

const scopes = (text: string, rule?: string): string =>
  `<D:Probe><D:Scopes${rule === undefined ? '' : ` MatchBy="http://schemas.xmlsoap.org/ws/2005/04/discovery/${rule}"`}>${text}</D:Scopes></D:Probe>`;

describe('WS-Discovery queries', () => {
  it.each([
    ['a probe for everything', '<D:Probe/>', true],
    ['a probe with empty lists', '<D:Probe><D:Types/><D:Scopes/></D:Probe>', true],
    ['network video transmitters', '<D:Probe><D:Types>n:NetworkVideoTransmitter</D:Types></D:Probe>', true],
    ['both types', '<D:Probe><D:Types>n:NetworkVideoTransmitter d:Device</D:Types></D:Probe>', true],
    [
      'one type that it has and one that it has not',
      '<D:Probe><D:Types>d:Device n:NetworkVideoDisplay</D:Types></D:Probe>',
      false,
    ],
    ['the right name in another namespace', '<D:Probe><D:Types>d:NetworkVideoTransmitter</D:Types></D:Probe>', false],
    ['the beginning of a scope', scopes('onvif://www.onvif.org/Profile'), true],
    ['the beginning of a path segment', scopes('onvif://www.onvif.org/Prof'), false],
    ['all scopes', scopes('onvif://www.onvif.org/Profile/Streaming  onvif://WWW.onvif.org/name', 'rfc3986'), true],
    ['one scope that it has not', scopes('onvif://www.onvif.org/Profile/Streaming onvif://www.onvif.org/type/ptz'), false],
    ['an exact scope', scopes('onvif://www.onvif.org/Profile/Streaming', 'strcmp0'), true],
    ['the beginning of a scope, exactly', scopes('onvif://www.onvif.org/Profile', 'strcmp0'), false],
    ['a rule that nobody knows', scopes('onvif://www.onvif.org/Profile', 'ldap'), false],
    ['its endpoint', '<D:Resolve><A:EndpointReference><A:Address>urn:uuid:1</A:Address></A:EndpointReference></D:Resolve>', true],
    [
      'another endpoint',
      '<D:Resolve><A:EndpointReference><A:Address>urn:uuid:2</A:Address></A:EndpointReference></D:Resolve>',
      false,
    ],
  ])('%s', (_, body, isFound) => {
    expect(finds(body)).toBe(isFound);
  });

  it.each([
    ['the answer of another device', '<D:ProbeMatches/>'],
    ['an announcement', '<D:Hello/>'],
    ['an empty body', ''],
    ['a probe of another namespace', '<A:Probe/>'],
  ])('are not %s', (_, body) => {
    expect(query(body)).toBeUndefined();
  });

  it.each(['', 'hello', '<a>', '<!DOCTYPE a><a/>', '<D:Probe xmlns:D="http://schemas.xmlsoap.org/ws/2005/04/discovery"/>'])(
    'are not %s',
    (text) => {
      expect(parseQuery(text)).toBeUndefined();
    },
  );
});
