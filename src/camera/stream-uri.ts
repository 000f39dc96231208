import { parseRtspUrl, type RtspUrl } from '../base/rtsp-url.ts';

/** An RTSP URI of the config may carry the credentials; they hold for all streams of the camera. */
export function credentialsInUris(uris: Readonly<Record<string, string>> = {}): RtspUrl['credentials'] {
  for (const uri of Object.values(uris)) {
    const credentials = parseRtspUrl(uri)?.credentials;
    if (credentials !== undefined) return credentials;
  }
  return undefined;
}
