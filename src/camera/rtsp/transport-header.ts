/** What a camera answers to SETUP in its Transport header (RFC 2326 section 12.39), as far as it says it and it makes sense. */
export interface TransportAnswer {
  /** Interleaved channels for RTP and RTCP. */
  channels: PortPair | undefined;
  /** The camera's UDP ports. */
  serverPorts: PortPair | undefined;
  /** SSRC of the packets to come. */
  ssrc: number | undefined;
  /** They go to a group, whatever was asked for. */
  multicast: boolean;
  /** Where packets come from, when that is not where the RTSP connection leads; as it came. */
  source: string | undefined;
}

export interface PortPair {
  rtp: number;
  rtcp: number;
}

/** The first transport counts, where there are several. */
export function parseTransport(header: string): TransportAnswer {
  const [value = ''] = header.split(',');
  // Cameras write it with 0x in front, and without the zeros.
  const [, ssrc] = /^(?:0x)?([\da-f]{1,8})$/i.exec(parameter(value, 'ssrc') ?? '') ?? [];
  return {
    channels: pair(parameter(value, 'interleaved'), 0, 255),
    serverPorts: pair(parameter(value, 'server_port'), 1, 65_535),
    ssrc: ssrc === undefined ? undefined : Number.parseInt(ssrc, 16),
    multicast: /(?:^|;)\s*multicast\s*(?:;|$)/i.test(value),
    source: parameter(value, 'source'),
  };
}

function parameter(value: string, name: string): string | undefined {
  const [, found] = new RegExp(String.raw`(?:^|[;\s])${name}\s*=\s*"?([^;,"]*)`, 'i').exec(value) ?? [];
  return found?.trim() || undefined;
}

/** `6-7`; one number alone means that and the next. */
function pair(text: string | undefined, least: number, most: number): PortPair | undefined {
  const [, first, second] = /^(\d{1,5})(?:\s*-\s*(\d{1,5}))?$/.exec(text ?? '') ?? [];
  if (first === undefined) return undefined;
  const rtp = Number(first);
  const rtcp = second === undefined ? rtp + 1 : Number(second);
  const isUsable = [rtp, rtcp].every((number) => number >= least && number <= most) && rtp !== rtcp;
  return isUsable ? { rtp, rtcp } : undefined;
}
