import type { ProfileInfo } from '../base/api.ts';

/** A press shorter than this, milliseconds, keeps the viewer talking until the next; a longer one ends with it. */
export const HOLD_MS = 350;

export interface TalkConditions {
  /** The chosen one; null where the page knows a peer id and nothing else. */
  profile: Pick<ProfileInfo, 'talk'> | null;
  /** The session's offer takes sound; null before it plays. */
  canTalk: boolean | null;
  /** Only over https, or on this machine, browsers give pages a microphone. */
  isSecure: boolean;
}

/** Why the viewer cannot talk to the camera, in a sentence; null where nothing stands against it. */
export function talkObstacle({ profile, canTalk, isSecure }: TalkConditions): string | null {
  if (profile?.talk === false || canTalk === false) return 'Nobody can talk to this camera.';
  if (canTalk === null) return 'Wait until the camera plays.';
  return isSecure ? null : 'Browsers give a microphone only to pages over https: open this page by https to talk.';
}
