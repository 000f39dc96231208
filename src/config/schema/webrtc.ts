import { z } from 'zod';
import { isIceServerUrl, parseAdvertised, parsePortRange } from '../addresses.ts';
import { notEmpty, secret, secretFile, text } from './fields.ts';

const iceServer = z.strictObject({
  urls: z
    .array(text(isIceServerUrl, 'write a URL such as stun:stun.example.com or turn:turn.example.com:3478?transport=udp'))
    .min(1, { error: 'write at least one URL' })
    .max(8, { error: 'write at most 8' })
    .meta({ title: 'URLs' }),
  username: notEmpty('write the user name of the TURN server').meta({ title: 'User name', description: 'For TURN.' }).optional(),
  credential: secret('the password of the TURN server').optional(),
  secret: secret('the secret that the TURN server shares with us (coturn: static-auth-secret)').optional(),
  secret_file: secretFile('that secret').optional(),
});

export const webrtc = z
  .strictObject({
    udp_ports: text((value) => parsePortRange(value) !== undefined, 'write first-last, such as 50000-50199')
      .meta({
        title: 'UDP ports',
        description:
          'First and last port for media. Each viewer takes one at each address of this machine, IPv4 and IPv6. Absent: whatever the system gives.',
      })
      .optional(),
    interfaces: z
      .array(notEmpty('write the name or an address of an interface, such as eth0'))
      .min(1, { error: 'write the name of an interface, or leave the key out for all' })
      .max(16, { error: 'write at most 16' })
      .meta({
        title: 'Interfaces',
        description:
          'Names or addresses of the interfaces at which viewers are told to reach the gateway. Absent: all but loopback and the bridges of containers.',
      })
      .optional(),
    advertise: z
      .array(
        text((value) => parseAdvertised(value) !== undefined, 'write an IP address such as 203.0.113.7, or 203.0.113.7:60000'),
      )
      .max(16, { error: 'write at most 16' })
      .default([])
      .meta({
        title: 'Advertised addresses',
        description:
          'Addresses told to viewers in place of the local ones of the same family, behind a NAT that forwards the UDP ports. With a port, that one and those after it lead to udp_ports. A family without an address is not told.',
      }),
    ice_servers: z.array(iceServer).max(16, { error: 'write at most 16' }).default([]).meta({
      title: 'ICE servers',
      description:
        'STUN and TURN servers, by which the gateway is reached through NATs. All are used, those given here before those that the signaling server names.',
    }),
  })
  .meta({ title: 'WebRTC' });
