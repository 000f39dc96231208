/*
 * RTSP 1.0 messages (RFC 2326). The head of a message is kept as a byte string (one character a byte, Latin-1), so that what a
 * camera sent in a character set of its own (a GBK realm, say) is hashed and sent back as the very same bytes.
 */

/** Header fields in their order of arrival. Names compare without regard to case; a name may come several times. */
export class RtspHeaders {
  readonly #fields: [name: string, value: string][] = [];

  constructor(fields: Iterable<readonly [name: string, value: string]> = []) {
    for (const [name, value] of fields) this.append(name, value);
  }

  /** The first value of that name. */
  get(name: string): string | undefined {
    return this.getAll(name)[0];
  }

  getAll(name: string): string[] {
    const wanted = name.toLowerCase();
    return this.#fields.filter(([key]) => key.toLowerCase() === wanted).map(([, value]) => value);
  }

  append(name: string, value: string): void {
    this.#fields.push([name, value]);
  }

  [Symbol.iterator](): Iterator<readonly [name: string, value: string]> {
    return this.#fields.values();
  }
}

export interface RtspRequest {
  method: string;
  uri: string;
  headers: RtspHeaders;
  body: Buffer;
}

export interface RtspResponse {
  status: number;
  reason: string;
  headers: RtspHeaders;
  body: Buffer;
}

export function isSuccess(response: RtspResponse): boolean {
  return response.status >= 200 && response.status < 300;
}

/** The bytes of a request. Content-Length is added when there is a body. */
export function encodeRequest(request: RtspRequest): Buffer {
  return encode(`${request.method} ${request.uri} RTSP/1.0`, request.headers, request.body);
}

/** The bytes of a response. Content-Length is added when there is a body. */
export function encodeResponse(response: RtspResponse): Buffer {
  return encode(`RTSP/1.0 ${response.status} ${response.reason}`, response.headers, response.body);
}

function encode(startLine: string, headers: RtspHeaders, body: Buffer): Buffer {
  const lines = [startLine, ...[...headers].map(([name, value]) => `${name}: ${value}`)];
  if (body.length > 0 && headers.get('Content-Length') === undefined) lines.push(`Content-Length: ${body.length}`);
  // A line break inside a value would start a header of somebody else's making.
  const head = lines.map((line) => line.replace(/[\r\n\0]+/g, ' ')).join('\r\n');
  return Buffer.concat([Buffer.from(`${head}\r\n\r\n`, 'latin1'), body]);
}

export type RtspStartLine =
  | { kind: 'request'; method: string; uri: string }
  | { kind: 'response'; status: number; reason: string };

/** First line of a message, or undefined when it is none. `HTTP/1.x` is accepted in responses: some cameras mix them up. */
export function parseStartLine(line: string): RtspStartLine | undefined {
  const response = /^(?:RTSP|HTTP)\/\d\.\d +(\d{3})(.*)$/.exec(line);
  if (response !== null) return { kind: 'response', status: Number(response[1]), reason: (response[2] ?? '').trim() };
  const request = /^([A-Z_]{3,32}) +(\S+) +RTSP\/\d\.\d *$/.exec(line);
  if (request !== null) return { kind: 'request', method: request[1] ?? '', uri: request[2] ?? '' };
  return undefined;
}

/** Header lines; folded lines (RFC 2326 section 4.2 by way of RFC 2068) continue the value, lines without a colon are left out. */
export function parseHeaders(lines: readonly string[]): RtspHeaders {
  const fields: [string, string][] = [];
  for (const line of lines) {
    const last = fields.at(-1);
    const colon = line.indexOf(':');
    if (/^[ \t]/.test(line) && last !== undefined) last[1] += ` ${line.trim()}`;
    else if (colon > 0) fields.push([line.slice(0, colon).trim(), line.slice(colon + 1).trim()]);
  }
  return new RtspHeaders(fields);
}
