import { describe, expect, it } from 'vitest';
import { parseTransport } from '../../../../src/camera/rtsp/transport-header.ts';

const NOTHING = { channels: undefined, serverPorts: undefined, ssrc: undefined, multicast: false, source: undefined };

describe('Transport header of an answer to SETUP', () => {
  it.each([
    ['RTP/AVP/TCP;unicast;interleaved=6-7;ssrc=4E2F1A0B;mode="PLAY"', { channels: { rtp: 6, rtcp: 7 }, ssrc: 0x4e2f1a0b }],
    [
      'RTP/AVP;unicast;source=192.0.2.9;client_port=4588-4589;server_port=6256-6257;ssrc=4F',
      { serverPorts: { rtp: 6256, rtcp: 6257 }, source: '192.0.2.9', ssrc: 0x4f },
    ],
    ['RTP/AVP/TCP; unicast; interleaved = 5', { channels: { rtp: 5, rtcp: 6 } }],
    ['RTP/AVP;server_port=7001-7000', { serverPorts: { rtp: 7001, rtcp: 7000 } }],
    ['RTP/AVP/TCP;interleaved=300-301;ssrc=0x0000002a', { ssrc: 42 }],
    ['RTP/AVP/TCP;interleaved=3-3;ssrc=123456789ab', {}],
    ['RTP/AVP;server_port=0-0;source=', {}],
    ['RTP/AVP/TCP;interleaved=0-1,RTP/AVP;source=192.0.2.9', { channels: { rtp: 0, rtcp: 1 } }],
    ['RTP/AVP;multicast;destination=239.1.1.1;port=5000-5001;ttl=16', { multicast: true }],
    ['', {}],
  ])('%s', (value, expected: object) => {
    expect(parseTransport(value)).toEqual({ ...NOTHING, ...expected });
  });
});
