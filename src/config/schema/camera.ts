import { z } from 'zod';
import { TALK_MODES } from '../../base/talk-mode.ts';
import { RTSP_TRANSPORTS } from '../../base/rtsp-transport.ts';
import { TRANSCODE_MODES } from '../../base/transcode-mode.ts';
import { parseOnvifAddress, parseRtspAddress } from '../addresses.ts';
import { deviceAuthorization } from './signaling.ts';
import { id, notEmpty, number, secret, secretFile, text, webSocketUrl } from './fields.ts';

const profileName = notEmpty('write the token or name of a profile, as `probe` lists them, or leave the key out').max(256, {
  error: 'write at most 256 characters',
});

export const camera = z
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
    talk: z
      .enum(TALK_MODES, { error: `write one of ${TALK_MODES.join(', ')}` })
      .default('auto')
      .meta({
        title: 'Talk-back',
        description:
          'Whether viewers may talk to the camera: `auto` where its ONVIF profile has an audio decoder, which nobody knows of a camera by `rtsp`; `on` also there, `off` never.',
      }),
    transcode: z
      .enum(TRANSCODE_MODES, { error: `write one of ${TRANSCODE_MODES.join(', ')}` })
      .meta({
        title: 'Transcode',
        description:
          'Whether pictures of this camera are converted to H.264 for viewers that play them in no other way: `auto` or `never`. Absent: as `media` has it.',
      })
      .optional(),
    adaptive: z
      .boolean({ error: 'write true or false' })
      .meta({
        title: 'Adaptive',
        description:
          'Whether viewers are shown what their network paths carry, a lower profile say, or what they ask for whatever comes of it. Absent: as `media` has it; `true` where there is a floor or a ceiling.',
      })
      .optional(),
    floor: profileName
      .meta({
        title: 'Floor',
        description:
          'Token or name of the lowest profile that is shown in place of a higher one; below it less of its pictures is sent. Absent: the lowest.',
      })
      .optional(),
    ceiling: profileName
      .meta({
        title: 'Ceiling',
        description:
          'Token or name of the highest profile that is shown, also to who asks for a higher one. Absent: what is asked for.',
      })
      .optional(),
    events: z.boolean({ error: 'write true or false' }).default(false).meta({
      title: 'Events',
      description:
        "Whether the camera's events (ONVIF PullPoint) are the metadata of profiles that have no metadata stream. They are asked for while a viewer listens.",
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
        ...deviceAuthorization,
      })
      .meta({ title: 'Signaling', description: 'When the server identifies each device by a token of its own.' })
      .optional(),
  })
  .meta({ title: 'Camera', description: 'Given by `onvif` or by `rtsp`.' });
