import type { ViewerCodecs } from '../../src/media/viewer-codecs.ts';

/** What every browser takes. */
export const BROWSER_CODECS: ViewerCodecs = { video: new Set(['H264']), audio: new Set(['OPUS', 'PCMU', 'PCMA']) };
