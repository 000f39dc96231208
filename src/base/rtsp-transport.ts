/** How a camera's media are fetched; `auto` is `tcp`, and `udp` where the camera refuses that. */
export const RTSP_TRANSPORTS = ['auto', 'tcp', 'udp'] as const;
export type RtspTransport = (typeof RTSP_TRANSPORTS)[number];
