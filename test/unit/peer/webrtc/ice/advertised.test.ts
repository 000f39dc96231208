import { describe, expect, it } from 'vitest';
import { announced } from '../../../../../src/peer/webrtc/ice/advertised.ts';

const HOST = 'candidate:abc 1 udp 2130706431 192.168.1.9 50001 typ host generation 0';
const LINE = { sdpMid: '0', sdpMLineIndex: 0 };
const of = (candidate: string, ...advertise: { address: string; firstPort?: number }[]): string[] =>
  announced({ candidate }, { advertise, udpPorts: { first: 50_000, last: 50_009 } }).map((each) => each.candidate);

describe('candidates', () => {
  it('are announced as they are without a 1:1 NAT', () => {
    expect(announced({ candidate: HOST, ...LINE }, { advertise: [] })).toEqual([{ candidate: HOST, ...LINE }]);
  });

  it('of a host are announced under each address of a 1:1 NAT in place of their own, with foundations of their own', () => {
    const advertise = [{ address: '203.0.113.7' }, { address: '198.51.100.1' }];
    expect(announced({ candidate: HOST, ...LINE }, { advertise })).toEqual([
      { candidate: 'candidate:abc0 1 udp 2130706431 203.0.113.7 50001 typ host generation 0', ...LINE },
      { candidate: 'candidate:abc1 1 udp 2130706431 198.51.100.1 50001 typ host generation 0', ...LINE },
    ]);
  });

  it('of a host get the port that the NAT forwards to theirs', () => {
    expect(of(HOST, { address: '203.0.113.7', firstPort: 60_000 })).toEqual([
      'candidate:abc0 1 udp 2130706431 203.0.113.7 60001 typ host generation 0',
    ]);
  });

  it('of a host get the addresses of their own family only, and are left out where there are none', () => {
    const at = (local: string, ...addresses: string[]): (string | undefined)[] =>
      of(HOST.replace('192.168.1.9', local), ...addresses.map((address) => ({ address }))).map((text) => text.split(' ')[4]);
    const both = ['203.0.113.7', '2001:db8::7', '2001:db8::8'];
    expect(at('192.168.1.9', ...both)).toEqual(['203.0.113.7']);
    expect(at('2001:db8:1::9', ...both)).toEqual(['2001:db8::7', '2001:db8::8']);
    expect(at('2001:db8:1::9', '203.0.113.7')).toEqual([]);
    expect(at('192.168.1.9', '2001:db8::7')).toEqual([]);
  });

  it('over TCP, which only connect, keep their port', () => {
    expect(
      of('candidate:abc 1 tcp 1518280447 192.168.1.9 9 typ host tcptype active', { address: '203.0.113.7', firstPort: 60_000 }),
    ).toEqual(['candidate:abc0 1 tcp 1518280447 203.0.113.7 9 typ host tcptype active']);
  });

  it('of servers do not tell the local address that the NAT hides', () => {
    const srflx = 'candidate:abc 1 udp 1694498815 203.0.113.99 40000 typ srflx raddr 192.168.1.9 rport 50001 generation 0';
    expect(of(srflx, { address: '203.0.113.7' })).toEqual([srflx.replace('192.168.1.9 rport 50001', '0.0.0.0 rport 9')]);
    const relay = 'candidate:abc 1 udp 16777215 2001:db8::99 40000 typ relay raddr 2001:db8:1::9 rport 50001';
    expect(of(relay, { address: '203.0.113.7' })).toEqual([relay.replace('2001:db8:1::9 rport 50001', ':: rport 9')]);
    expect(of(srflx)).toEqual([srflx]);
  });
});
