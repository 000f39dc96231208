import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RTCPeerConnection } from 'werift';
import {
  MAPPED_ADDRESS,
  parseStun,
  RELAYED_ADDRESS,
  StunHost,
  usernameOf,
} from '../../../../src/conformance/device/stun-host.ts';

const LOOPBACK = '127.0.0.1';

let host: StunHost;

beforeEach(async () => {
  host = await new StunHost(LOOPBACK).listen();
});

afterEach(() => host.close());

/** The candidates that a stack of others makes of the server's answers. */
async function gather(servers: { urls: string; username?: string; credential?: string }[]): Promise<string[]> {
  const connection = new RTCPeerConnection({
    iceServers: servers,
    iceUseIpv4: false,
    iceUseIpv6: false,
    iceAdditionalHostAddresses: [LOOPBACK],
    iceInterfaceAddresses: { udp4: LOOPBACK },
  });
  const candidates: string[] = [];
  const gathered = Promise.withResolvers<void>();
  connection.onIceCandidate.subscribe((candidate) => {
    if (candidate === undefined) gathered.resolve();
    else candidates.push(candidate.candidate);
  });
  connection.createDataChannel('any');
  const offer = await connection.createOffer();
  for (const { connection: ice } of connection.iceTransports) if (ice.stunServer?.[0] !== LOOPBACK) delete ice.stunServer;
  await connection.setLocalDescription(offer);
  await gathered.promise;
  await connection.close();
  return candidates;
}

describe("the kit's STUN and TURN server", () => {
  it('gives a server reflexive candidate', async () => {
    const candidates = await gather([{ urls: host.stunServer.urls[0] ?? '' }]);
    expect(candidates.join('\n')).toMatch(new RegExp(` ${MAPPED_ADDRESS} \\d+ typ srflx`));
    expect(host.bindings).toBeGreaterThan(0);
  });

  it('gives a relay candidate to whoever has the password', async () => {
    const { urls, ...credentials } = host.turnServer;
    const candidates = await gather([{ urls: urls[0] ?? '', ...credentials }]);
    expect(candidates.join('\n')).toMatch(new RegExp(` ${RELAYED_ADDRESS} \\d+ typ relay`));
    expect(host.authenticated).toBeGreaterThan(0);
  });
});

describe('a STUN message', () => {
  /** RFC 5769 section 2.1, the sample request, without its fingerprint. */
  const REQUEST = Buffer.from(
    '000100502112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e74002400046e0001ff80290008932ff9b151263b36' +
      '000600096576746a3a68367659202020000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2',
    'hex',
  );

  it('is read with its user name', () => {
    const message = parseStun(REQUEST);
    expect(message?.type).toBe(0x0001);
    expect(message && usernameOf(message)).toBe('evtj:h6vY');
    expect(message?.attributes.get(0x0008)?.toString('hex')).toBe('9aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2');
  });

  it.each([
    ['empty', Buffer.alloc(0)],
    ['another cookie', Buffer.concat([REQUEST.subarray(0, 4), Buffer.alloc(4), REQUEST.subarray(8)])],
    ['cut', REQUEST.subarray(0, 40)],
  ])('is refused when it is %s', (_what, bytes) => expect(parseStun(bytes)).toBeUndefined());
});
