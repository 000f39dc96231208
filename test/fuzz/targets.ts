import type { FuzzTarget } from './target.ts';
import { CONFIG_TARGETS } from './targets/config.ts';
import { CONGESTION_TARGETS } from './targets/congestion.ts';
import { CONVERSION_TARGETS } from './targets/conversion.ts';
import { MEASUREMENT_TARGETS } from './targets/measurement.ts';
import { MEDIA_TARGETS } from './targets/media.ts';
import { RTSP_TARGETS } from './targets/rtsp.ts';
import { SIGNALING_TARGETS } from './targets/signaling.ts';
import { SOUND_TARGETS } from './targets/sound.ts';
import { STREAM_TARGETS } from './targets/stream.ts';
import { TALK_TARGETS } from './targets/talk.ts';
import { XML_TARGETS } from './targets/xml.ts';

/** Every parser of what comes from a camera, a viewer, a server or a config file. */
export const targets: readonly FuzzTarget[] = [
  ...RTSP_TARGETS,
  ...MEDIA_TARGETS,
  ...SOUND_TARGETS,
  ...CONVERSION_TARGETS,
  ...STREAM_TARGETS,
  ...MEASUREMENT_TARGETS,
  ...TALK_TARGETS,
  ...CONGESTION_TARGETS,
  ...XML_TARGETS,
  ...SIGNALING_TARGETS,
  ...CONFIG_TARGETS,
];
