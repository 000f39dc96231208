import { describe, expect, it } from 'vitest';
import type { CandidatePair } from 'werift';
import { announced, iceConfiguration, isMulticastName } from '../../../../src/peer/webrtc/ice-options.ts';

const SETTINGS = { advertise: [], loopbackOnly: false, iceServers: [] };
const HOST = 'candidate:abc 1 udp 2130706431 192.168.1.9 50001 typ host generation 0';

describe('ICE configuration', () => {
  it('lists one URL an entry, those of the settings first, each with its credentials', () => {
    const settings = {
      ...SETTINGS,
      iceServers: [{ urls: ['stun:own.example', 'turn:own.example'], username: 'u', credential: 'c' }],
    };
    expect(iceConfiguration(settings, [{ urls: ['stun:theirs.example'] }]).iceServers).toEqual([
      { urls: 'stun:own.example', username: 'u', credential: 'c' },
      { urls: 'turn:own.example', username: 'u', credential: 'c' },
      { urls: 'stun:theirs.example' },
    ]);
  });

  it('keeps to the ports that were given', () => {
    expect(iceConfiguration({ ...SETTINGS, udpPorts: { first: 50_000, last: 50_009 } }, []).icePortRange).toEqual([
      50_000, 50_009,
    ]);
    expect(iceConfiguration(SETTINGS, [])).not.toHaveProperty('icePortRange');
  });

  it('uses no address of the machine but loopback when told so, and pairs no other', () => {
    const configuration = iceConfiguration({ ...SETTINGS, loopbackOnly: true }, []);
    expect([configuration.iceUseIpv4, configuration.iceUseIpv6]).toEqual([false, false]);
    expect(configuration.iceAdditionalHostAddresses).toEqual(['127.0.0.1']);
    expect(configuration.iceInterfaceAddresses).toEqual({ udp4: '127.0.0.1' });
    const pairFrom = (host: string): CandidatePair => ({ localCandidate: { host } }) as CandidatePair;
    expect(configuration.iceFilterCandidatePair?.(pairFrom('127.0.0.1'))).toBe(true);
    expect(configuration.iceFilterCandidatePair?.(pairFrom('192.168.1.9'))).toBe(false);
    expect(iceConfiguration(SETTINGS, [])).not.toHaveProperty('iceFilterCandidatePair');
  });
});

describe('candidates', () => {
  it('are announced as they are without a 1:1 NAT', () => {
    const candidate = { candidate: HOST, sdpMid: '0', sdpMLineIndex: 0 };
    expect(announced(candidate, [])).toEqual([candidate]);
  });

  it('of a host are announced under each address of a 1:1 NAT in place of their own, with foundations of their own', () => {
    expect(announced({ candidate: HOST, sdpMid: '0', sdpMLineIndex: 0 }, ['203.0.113.7', '198.51.100.1'])).toEqual([
      { candidate: 'candidate:abc0 1 udp 2130706431 203.0.113.7 50001 typ host generation 0', sdpMid: '0', sdpMLineIndex: 0 },
      { candidate: 'candidate:abc1 1 udp 2130706431 198.51.100.1 50001 typ host generation 0', sdpMid: '0', sdpMLineIndex: 0 },
    ]);
  });

  it('of a host get the addresses of their own family only, and are left out where there are none', () => {
    const announcedFor = (local: string, advertise: readonly string[]): (string | undefined)[] =>
      announced({ candidate: `candidate:abc 1 udp 2130706431 ${local} 50001 typ host` }, advertise).map(
        ({ candidate }) => candidate.split(' ')[4],
      );
    const both = ['203.0.113.7', '2001:db8::7', '2001:db8::8'];
    expect(announcedFor('192.168.1.9', both)).toEqual(['203.0.113.7']);
    expect(announcedFor('2001:db8:1::9', both)).toEqual(['2001:db8::7', '2001:db8::8']);
    expect(announcedFor('2001:db8:1::9', ['203.0.113.7'])).toEqual([]);
    expect(announcedFor('192.168.1.9', ['2001:db8::7'])).toEqual([]);
  });

  it('over TCP, of a server and of the end of candidates are left alone by a 1:1 NAT', () => {
    for (const candidate of [
      'candidate:abc 1 tcp 1518280447 192.168.1.9 50001 typ host tcptype passive',
      'candidate:abc 1 udp 1694498815 203.0.113.99 40000 typ srflx raddr 192.168.1.9 rport 50001',
      '',
    ]) {
      expect(announced({ candidate }, ['203.0.113.7'])).toEqual([{ candidate }]);
    }
  });

  it('with a multicast name are known by their address alone', () => {
    const named = (address: string): boolean => isMulticastName({ candidate: `candidate:1 1 udp 1 ${address} 5 typ host` });
    expect(['0a1b-22.local', '0A1B.LOCAL', '192.168.1.9', 'local.example'].map(named)).toEqual([true, true, false, false]);
    expect(isMulticastName({ candidate: '' })).toBe(false);
  });
});
