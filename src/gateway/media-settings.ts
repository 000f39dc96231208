import type { MediaSettings } from '../plane/messages.ts';

/** What holds where the config says nothing. */
export const DEFAULT_MEDIA_SETTINGS: MediaSettings = {
  pull: 'on_demand',
  lingerMs: 10_000,
  keyframeCacheBytes: 4 * 1024 * 1024,
  maxSessions: 256,
  maxSessionsPerCamera: 64,
  transcode: 'auto',
  adaptive: true,
  ice: { advertise: [], loopbackOnly: false, iceServers: [] },
};
