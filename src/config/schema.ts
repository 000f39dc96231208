import { z } from 'zod';
import { camera } from './schema/camera.ts';
import { discovery } from './schema/discovery.ts';
import { notEmpty } from './schema/fields.ts';
import { http } from './schema/http.ts';
import { media } from './schema/media.ts';
import { signaling } from './schema/signaling.ts';
import { webrtc } from './schema/webrtc.ts';

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
