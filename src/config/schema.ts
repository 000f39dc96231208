import { z } from 'zod';
import { isIP } from 'node:net';
import { RTSP_TRANSPORTS } from '../base/rtsp-transport.ts';
import {
  isAddressPattern,
  isIceServerUrl,
  isWebSocketUrl,
  parseHostAndPort,
  parseOnvifAddress,
  parsePortRange,
  parseRtspAddress,
} from './addresses.ts';

/*
 * The YAML as it is written. Every message is what to write instead; what is wrong is said before it (see zod-issues.ts).
 * Lookups by form are refinements, not patterns: the generated JSON Schema must let `${VARIABLE}` pass in an editor.
 */

/** Text of a certain form. */
function text(isValid: (value: string) => boolean, instead: string): z.ZodString {
  return z.string({ error: instead }).refine(isValid, { error: instead });
}

const notEmpty = (instead: string): z.ZodString => text((value) => value.trim() !== '', instead);

const secret = (what: string): z.ZodString =>
  notEmpty(`write ${what}, or \${VARIABLE} to take it from the environment`).meta({
    title: what,
    description: 'Better as ${VARIABLE} (taken from the environment) or in a file than in clear. A literal ${ is written $${.',
  });

const secretFile = (what: string): z.ZodString =>
  notEmpty('write the name of the file').meta({
    title: `File with ${what}`,
    description:
      'Name of a systemd credential, or a path; relative to the folder of this file. A line break at its end does not count.',
  });

const webSocketUrl = text(isWebSocketUrl, 'write a URL such as wss://signaling.example.com/onvif');

const id = text(
  (value) => /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(value),
  'write at most 64 letters, digits, dots, underscores and hyphens, such as front-door',
);

const signaling = z
  .strictObject({
    server: webSocketUrl
      .meta({
        title: 'Signaling server',
        description: 'WebSocket URL at which the cameras register. Absent: the server inside the gateway.',
      })
      .optional(),
    token: secret('the token by which the server knows the gateway').optional(),
    token_file: secretFile('that token').optional(),
  })
  .meta({ title: 'Signaling', description: 'Where the cameras register as WebRTC devices.' });

const viewerToken = z
  .strictObject({
    token: secret('the token of a viewer').optional(),
    token_file: secretFile('that token').optional(),
    cameras: z
      .array(id)
      .min(1, { error: 'write the id of a camera, or leave the key out for all' })
      .meta({
        title: 'Cameras',
        description:
          'Ids of the cameras that this token opens; page and API show no other. Absent: all, and /metrics where it is reached from beyond loopback.',
      })
      .optional(),
  })
  .meta({ title: 'Token of viewers' });

const http = z
  .strictObject({
    listen: text((value) => parseHostAndPort(value) !== undefined, 'write address:port, such as 127.0.0.1:8080 or 0.0.0.0:8080')
      .default('127.0.0.1:8080')
      .meta({
        title: 'Listen',
        description:
          'Address and port of the viewer page, the API, metrics and the embedded signaling server. Beyond loopback it needs `auth`.',
      }),
    auth: z
      .strictObject({
        tokens: z
          .array(viewerToken)
          .min(1, { error: 'write at least one token, or leave out auth' })
          .max(1000, { error: 'write at most 1000' }),
      })
      .meta({ title: 'Authentication', description: 'Who may watch. Absent: whoever reaches the (loopback) address.' })
      .optional(),
  })
  .meta({ title: 'HTTP' });

const iceServer = z.strictObject({
  urls: z
    .array(text(isIceServerUrl, 'write a URL such as stun:stun.example.com or turn:turn.example.com:3478?transport=udp'))
    .min(1, { error: 'write at least one URL' })
    .max(8, { error: 'write at most 8' })
    .meta({ title: 'URLs' }),
  username: notEmpty('write the user name of the TURN server').meta({ title: 'User name', description: 'For TURN.' }).optional(),
  credential: secret('the password of the TURN server').optional(),
});

const webrtc = z
  .strictObject({
    udp_ports: text((value) => parsePortRange(value) !== undefined, 'write first-last, such as 50000-50199')
      .meta({
        title: 'UDP ports',
        description:
          'First and last port for media. Each viewer takes one for each address of this machine, IPv4 and IPv6. Absent: whatever the system gives.',
      })
      .optional(),
    advertise: z
      .array(text((value) => isIP(value) !== 0, 'write an IP address such as 203.0.113.7'))
      .max(16, { error: 'write at most 16' })
      .default([])
      .meta({
        title: 'Advertised addresses',
        description:
          'Addresses told to viewers in place of the local ones of the same family, behind a NAT that forwards the UDP ports. A family without one is not told.',
      }),
    ice_servers: z.array(iceServer).max(16, { error: 'write at most 16' }).default([]).meta({
      title: 'ICE servers',
      description:
        'STUN and TURN servers. For now only the first STUN URL and the first TURN URL are used, those given here before those that the signaling server names.',
    }),
  })
  .meta({ title: 'WebRTC' });

/** A number within limits, both inclusive. */
function number(least: number, most: number, unit: string): z.ZodNumber {
  const error = `write a number from ${least} to ${most}${unit}`;
  return z.number({ error }).min(least, { error }).max(most, { error });
}

const media = z
  .strictObject({
    pull: z.enum(['on_demand', 'always'], { error: 'write on_demand or always' }).default('on_demand').meta({
      title: 'Pull',
      description:
        '`on_demand`: a camera is pulled while somebody watches. `always`: the first profile of each stays pulled, so that nobody waits for it.',
    }),
    linger: number(0, 86_400, ' (seconds)').default(10).meta({
      title: 'Linger',
      description: 'Seconds that a camera is still pulled after its last viewer left; the next one starts at once.',
    }),
    // A new viewer is sent all of it through its pacer, which holds 16 MB (peer/egress/viewer-egress.ts).
    keyframe_cache: number(1, 8, ' (MB)').default(4).meta({
      title: 'Keyframe cache',
      description:
        'MB (1,048,576 bytes) a stream, at most 8, for the newest keyframe and what follows it, from which a new viewer starts at once; where that is more, it waits for the next keyframe.',
    }),
    max_sessions: number(1, 10_000, '')
      .refine(Number.isInteger, { error: 'write a whole number' })
      .default(256)
      .meta({ title: 'Most sessions', description: 'Viewers at the same time, over all cameras; more are refused.' }),
  })
  .meta({ title: 'Media' });

const camera = z
  .strictObject({
    id: id.meta({ title: 'Id', description: 'Names the camera in URLs, logs and tokens; does not change.' }),
    name: notEmpty('write a name for people, or leave the key out')
      .meta({ title: 'Name', description: 'For people. Absent: the id.' })
      .optional(),
    onvif: text((value) => parseOnvifAddress(value) !== undefined, 'write a host, host:port or URL, such as 192.168.1.20')
      .meta({ title: 'ONVIF address', description: 'Host, host:port or the http or https URL of the device service.' })
      .optional(),
    video_source: number(1, 1024, '')
      .refine(Number.isInteger, { error: 'write a whole number' })
      .meta({
        title: 'Video source',
        description:
          'Which input of an encoder or NVR, from 1 on, as `discover` lists them; give the device once for each. Absent: the profiles of all inputs.',
      })
      .optional(),
    rtsp: z
      .record(
        id,
        text((value) => parseRtspAddress(value) !== undefined, 'write a URL such as rtsp://192.168.1.21/stream1'),
      )
      .meta({
        title: 'RTSP URLs',
        description:
          'For a camera without ONVIF: URLs by names of your choice, such as `main` and `sub`; the first is the default.',
      })
      .optional(),
    username: notEmpty('write the user name at the camera').meta({ title: 'User name' }).optional(),
    password: secret('the password at the camera').optional(),
    password_file: secretFile('the password').optional(),
    endpoint: notEmpty('write its endpoint reference, such as urn:uuid:..., or leave the key out')
      .max(1024, { error: 'write at most 1024 characters' })
      .meta({
        title: 'Endpoint reference',
        description:
          'What the ONVIF device calls itself in discovery, by which it is found again at another address. `discover --write` writes it; absent: it is learned.',
      })
      .optional(),
    transport: z
      .enum(RTSP_TRANSPORTS, { error: `write one of ${RTSP_TRANSPORTS.join(', ')}` })
      .default('auto')
      .meta({
        title: 'Transport',
        description:
          'How streams are fetched: `tcp` inside the RTSP connection, `udp` beside it, `http` (RTSP over HTTP) and `tls` (as `rtsps:` URLs) on the port of the URL. `auto`: tcp, or udp where the camera refuses that.',
      }),
    tls_fingerprint: text(
      (value) => /^[0-9a-f]{64}$/i.test(value.replaceAll(':', '')),
      'write the SHA-256 fingerprint of the certificate, 64 hexadecimal digits, with or without colons',
    )
      .meta({
        title: 'Certificate',
        description:
          'SHA-256 fingerprint of the certificate that the camera shows, by ONVIF over https and for its streams. Absent: it must be one that the system trusts.',
      })
      .optional(),
    tls_insecure: z
      .literal(true, { error: 'write true, or leave the key out' })
      .meta({
        title: 'Any certificate',
        description:
          'Takes whatever certificate the camera shows, by ONVIF over https and for its streams: encrypted, but open to whoever is in between.',
      })
      .optional(),
    signaling: z
      .strictObject({
        server: webSocketUrl.meta({ title: 'Signaling server', description: 'Absent: that of all cameras.' }).optional(),
        token: secret('the token by which the server knows this camera').optional(),
        token_file: secretFile('that token').optional(),
      })
      .meta({ title: 'Signaling', description: 'When the server identifies each device by a token of its own.' })
      .optional(),
  })
  .meta({ title: 'Camera', description: 'Given by `onvif` or by `rtsp`.' });

const pattern = (what: string): z.ZodString => notEmpty(`write ${what}; * stands for any characters`);

const adoptFilter = z
  .strictObject({
    name: pattern('the name that the camera tells, such as Gate*').meta({ title: 'Name' }).optional(),
    model: pattern('the model that the camera tells in discovery, such as DS-2CD*').meta({ title: 'Model' }).optional(),
    address: text(isAddressPattern, 'write an address, a network such as 192.168.1.0/24, or 192.168.1.*')
      .meta({ title: 'Address', description: 'An address, a network (CIDR), or an address with `*` in it.' })
      .optional(),
  })
  .meta({ title: 'Filter', description: 'All keys of it must fit. `*` stands for any characters; case does not count.' });

const discovery = z
  .strictObject({
    enabled: z.boolean({ error: 'write true or false' }).default(true).meta({
      title: 'Enabled',
      description:
        'Finds cameras by WS-Discovery as long as the gateway runs: shows those that are not in the config, and follows those of the config to other addresses.',
    }),
    adopt: z
      .union([z.enum(['none', 'all']), z.array(adoptFilter).min(1, { error: 'write a filter, or none' })], {
        error: 'write none, all, or a list of filters on name, model and address',
      })
      .default('none')
      .meta({ title: 'Adopt', description: 'Which of the cameras that are found are served without standing under `cameras`.' }),
    username: notEmpty('write the user name at the cameras')
      .meta({ title: 'User name', description: 'At adopted cameras.' })
      .optional(),
    password: secret('the password at adopted cameras').optional(),
    password_file: secretFile('that password').optional(),
    interfaces: z
      .array(notEmpty('write the name or an address of an interface, such as eth1'))
      .min(1, { error: 'write the name of an interface, or leave the key out for all' })
      .meta({ title: 'Interfaces', description: 'Names or addresses of the interfaces that are searched. Absent: all.' })
      .optional(),
  })
  .meta({ title: 'Discovery' });

/** The config file. Its keys are snake_case; unknown keys are errors. */
export const configSchema = z
  .strictObject({
    signaling: signaling.optional(),
    http: http.prefault({}),
    webrtc: webrtc.prefault({}),
    media: media.prefault({}),
    discovery: discovery.prefault({}),
    state_directory: notEmpty('write the name of a folder')
      .meta({
        title: 'State directory',
        description:
          'Folder in which the gateway keeps by what it knows its cameras again, over restarts; relative to the folder of this file. Absent: what systemd gives ($STATE_DIRECTORY), else nothing is kept.',
      })
      .optional(),
    cameras: z
      .array(camera, { error: 'write at least one camera' })
      .default([])
      .meta({ title: 'Cameras', description: 'At least one, unless `discovery.adopt` takes what is found.' }),
  })
  .meta({ title: 'onvif-webrtc-gateway', description: 'Config of onvif-webrtc-gateway.' });

/** The config file as it is written, defaults filled in. */
export type ConfigFile = z.output<typeof configSchema>;
export type CameraFile = ConfigFile['cameras'][number];

/** The parts that are valid by themselves, so that they can be looked at further when others are not. */
export interface ConfigParts {
  signaling: ConfigFile['signaling'] | undefined;
  http: ConfigFile['http'] | undefined;
  webrtc: ConfigFile['webrtc'] | undefined;
  media: ConfigFile['media'] | undefined;
  discovery: ConfigFile['discovery'] | undefined;
  stateDirectory: ConfigFile['state_directory'];
  /** By their index in the file. */
  cameras: Map<number, CameraFile>;
}

/** The valid parts of a file that as a whole may be invalid. */
export function validParts(data: Readonly<Record<string, unknown>>): ConfigParts {
  const cameras = new Map<number, CameraFile>();
  for (const [index, value] of (Array.isArray(data['cameras']) ? data['cameras'] : []).entries()) {
    const { data: valid } = camera.safeParse(value);
    if (valid !== undefined) cameras.set(index, valid);
  }
  return {
    signaling: signaling.safeParse(data['signaling']).data,
    http: http.prefault({}).safeParse(data['http']).data,
    webrtc: webrtc.prefault({}).safeParse(data['webrtc']).data,
    media: media.prefault({}).safeParse(data['media']).data,
    discovery: discovery.prefault({}).safeParse(data['discovery']).data,
    stateDirectory: z.string().optional().safeParse(data['state_directory']).data,
    cameras,
  };
}
