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
  // Some send the line as it stands in an SDP.
  const result: IceCandidate = { candidate: (candidate ?? '').trim().replace(/^a=/, '') };
  if (typeof sdpMid === 'string') result.sdpMid = sdpMid;
  if (Number.isInteger(sdpMLineIndex)) result.sdpMLineIndex = sdpMLineIndex as number;
  if (typeof usernameFragment === 'string') result.usernameFragment = usernameFragment;
  return result;
}

/** Whether the text is a candidate by RFC 8839 section 5.1, as far as its use depends on it; an empty one is, since it says that there are no more. */
export function isCandidateLine(candidate: string): boolean {
  if (candidate === '') return true;
  const port = CANDIDATE.exec(candidate)?.[1];
  return port !== undefined && Number(port) > 0 && Number(port) <= 65_535;
}

/** Foundation, component, transport, priority, address, port, type; then whatever extensions. */
const CANDIDATE = /^candidate:\S{1,64} \d{1,3} \S{1,16} \d{1,10} \S{1,255} (\d{1,5}) typ \S{1,32}(?: |$)/i;

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
