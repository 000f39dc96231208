/**
 * How a camera's media are fetched: `tcp` inside the RTSP connection, `udp` beside it, `http` and `tls` with the RTSP connection
 * inside HTTP or TLS. `auto` is `tcp` (`tls` for `rtsps:`), and `udp` where the camera refuses that.
 */
export const RTSP_TRANSPORTS = ['auto', 'tcp', 'udp', 'http', 'tls'] as const;
export type RtspTransport = (typeof RTSP_TRANSPORTS)[number];

/**
 * Which certificate of a camera is good enough, where it is not one that an authority known to the system gave to its name: the one
 * with this SHA-256 fingerprint (64 hexadecimal digits), or any.
 */
export type TlsPolicy = { fingerprint: string } | { insecure: true };
