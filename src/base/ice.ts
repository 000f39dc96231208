/* The W3C's shapes of ICE servers and candidates as ONVIF WebRTC carries them (section 5.2, table 1), and how tolerantly they are read. */

/** W3C RTCIceServer with `urls` always an array (ONVIF WebRTC 26.06, connect). */
export interface IceServer {
  urls: string[];
  username?: string;
  credential?: string;
}

/** W3C RTCIceCandidateInit. An empty `candidate` says that all candidates were sent (RFC 8838). */
export interface IceCandidate {
  candidate: string;
  sdpMid?: string | null;
  sdpMLineIndex?: number | null;
  usernameFragment?: string | null;
}

const MAX_ICE_SERVERS = 16;
const MAX_URLS = 16;
/** The longest line seen is below 300 characters (IPv6 with TCP type and foundation); what is longer is no candidate. */
const MAX_CANDIDATE_LENGTH = 2048;

/**
 * Reads `iceServers`. The W3C's shortcut of one string in `urls` is forbidden by ONVIF but tolerated; what is no server is left out.
 */
export function readIceServers(value: unknown): IceServer[] {
  if (!Array.isArray(value)) return [];
  return value.slice(0, MAX_ICE_SERVERS).flatMap((entry: unknown) => {
    if (!isObject(entry)) return [];
    const { urls, username, credential } = entry;
    const list = (Array.isArray(urls) ? urls : [urls]).filter((url) => typeof url === 'string' && url !== '').slice(0, MAX_URLS);
    if (list.length === 0) return [];
    const server: IceServer = { urls: list as string[] };
    if (typeof username === 'string') server.username = username;
    if (typeof credential === 'string') server.credential = credential;
    return [server];
  });
}

/**
 * Reads the `candidate` of a trickle; undefined where it is malformed (ONVIF error 1003). The "empty ICE candidate content" that ends
 * trickling is seen in the field as `""`, `null`, `{}` and `{"candidate": ""}`: all are read as an empty candidate.
 */
export function readIceCandidate(value: unknown): IceCandidate | undefined {
  if (value === null || value === undefined || value === '') return { candidate: '' };
  if (!isObject(value)) return undefined;
  const { candidate = '', sdpMid, sdpMLineIndex, usernameFragment } = value;
  if (candidate !== null && typeof candidate !== 'string') return undefined;
  if (candidate !== null && candidate.length > MAX_CANDIDATE_LENGTH) return undefined;
  const result: IceCandidate = { candidate: candidate ?? '' };
  if (typeof sdpMid === 'string') result.sdpMid = sdpMid;
  if (Number.isInteger(sdpMLineIndex)) result.sdpMLineIndex = sdpMLineIndex as number;
  if (typeof usernameFragment === 'string') result.usernameFragment = usernameFragment;
  return result;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
