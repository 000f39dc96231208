import type { Logger } from '../base/log.ts';
import { RequestPace } from '../media/keyframe-policy.ts';
import { CameraLadder } from './camera-ladder.ts';
import { EventDocuments } from './event-documents.ts';
import type { CameraSource, MediaMessage, MediaSettings } from './messages.ts';
import type { PulledProfile } from './pulled-profile.ts';
import type { CameraTalk } from './talk/camera-talk.ts';

/** A camera on the media side. */
export interface MediaCamera {
  source: CameraSource;
  /** By token; only those that were watched once. */
  profiles: Map<string, PulledProfile>;
  /** What its viewers may be shown in place of what they ask for. */
  ladder: CameraLadder;
  keyframePace: RequestPace;
  events: EventDocuments;
  /** Since somebody first talked. */
  talk?: CameraTalk;
  /** Token of the profile that is pulled without viewers too. */
  kept?: string;
}

export function newMediaCamera(
  source: CameraSource,
  { adaptive = true }: Pick<MediaSettings, 'adaptive'>,
  logger: Logger,
  post: (message: MediaMessage) => void,
): MediaCamera {
  const profiles = new Map<string, PulledProfile>();
  const camera: MediaCamera = {
    source,
    profiles,
    ladder: new CameraLadder({ source: () => camera.source, profiles, adaptive, logger: logger.child({ camera: source.id }) }),
    keyframePace: new RequestPace(),
    events: new EventDocuments(source.id, post),
  };
  return camera;
}
