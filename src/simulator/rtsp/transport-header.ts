/** How a client wants one track (RFC 2326 section 12.39); channels and ports are for RTP, RTCP. */
export type RequestedTransport =
  | { kind: 'tcp'; channels: [number, number] | undefined }
  | { kind: 'udp'; clientPorts: [number, number] };

/** The first alternative of a Transport header that the camera can do; undefined when there is none. Multicast it cannot do. */
export function parseTransport(header: string): RequestedTransport | undefined {
  for (const alternative of header.split(',')) {
    const [protocol = '', ...parameters] = alternative.split(';').map((part) => part.trim());
    if (parameters.some((parameter) => parameter.toLowerCase() === 'multicast')) continue;
    if (/^RTP\/AVP\/TCP$/i.test(protocol)) return { kind: 'tcp', channels: pair(parameters, 'interleaved', 0, 255) };
    const clientPorts = pair(parameters, 'client_port', 1, 65_535);
    if (/^RTP\/AVP(?:\/UDP)?$/i.test(protocol) && clientPorts !== undefined) return { kind: 'udp', clientPorts };
  }
  return undefined;
}

/** `name=a-b`, both within the limits; a single number stands for itself and the next. */
function pair(parameters: readonly string[], name: string, minimum: number, maximum: number): [number, number] | undefined {
  for (const parameter of parameters) {
    const match = /^(\w+)=(\d{1,5})(?:-(\d{1,5}))?$/.exec(parameter);
    if (match === null || match[1]?.toLowerCase() !== name) continue;
    const first = Number(match[2]);
    const second = match[3] === undefined ? first + 1 : Number(match[3]);
    if (Math.min(first, second) >= minimum && Math.max(first, second) <= maximum) return [first, second];
  }
  return undefined;
}
