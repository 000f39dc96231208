import type { CamerasAnswer, SessionsAnswer } from '../base/api.ts';
import { SignalingError } from '../base/signaling.ts';

/**
 * The cameras of a gateway (`GET /api/cameras`).
 *
 * @param baseUrl address of the gateway's HTTP server, as `https://nvr.example.com:8080`
 * @throws SignalingError 401 or 403 for the token, 503 where the gateway does not answer or answers something else
 */
export function fetchCameras(baseUrl: string | URL, token?: string, signal?: AbortSignal): Promise<CamerasAnswer> {
  return ask<CamerasAnswer>(new URL('/api/cameras', baseUrl), 'cameras', token, signal);
}

/**
 * The sessions of a gateway's viewers (`GET /api/sessions`).
 *
 * @param baseUrl as in {@link fetchCameras}
 * @param videoSsrcs those of them alone, by {@link OnvifSession.videoSsrc}: who watches over a slow network does not load what is said of all others; default all
 * @throws SignalingError likewise
 */
export function fetchSessions(
  baseUrl: string | URL,
  token?: string,
  signal?: AbortSignal,
  videoSsrcs: readonly number[] = [],
): Promise<SessionsAnswer> {
  const url = new URL('/api/sessions', baseUrl);
  for (const ssrc of videoSsrcs) url.searchParams.append('videoSsrc', String(ssrc));
  return ask<SessionsAnswer>(url, 'sessions', token, signal);
}

/** @param list what an answer of the gateway holds */
async function ask<Answer>(url: URL, list: keyof Answer & string, token?: string, signal?: AbortSignal): Promise<Answer> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  let response: Response;
  try {
    response = await fetch(url, { headers, ...(signal === undefined ? {} : { signal }) });
  } catch (error) {
    if (signal?.aborted === true) throw error;
    throw new SignalingError(503, 'The gateway cannot be reached.', String(error));
  }
  if (response.status === 401) throw new SignalingError(401);
  if (response.status === 403) throw new SignalingError(403, `The token does not allow to see the ${list}.`);
  if (!response.ok) throw new SignalingError(503, `The gateway answered with HTTP ${response.status}.`);
  const answer = (await response.json().catch(() => null)) as Answer | null;
  if (!Array.isArray(answer?.[list])) throw new SignalingError(503, 'What answered is not the gateway.');
  return answer;
}
