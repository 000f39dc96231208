import type { PeerConnection, PeerConnectionConfiguration, Socket } from './peer-connection.ts';

export function defaultPeerConnection(configuration: PeerConnectionConfiguration): PeerConnection {
  return new RTCPeerConnection(configuration);
}

/** Of the browser, and of Node since 22. */
export function defaultWebSocket(url: string, subprotocol: string): Socket {
  return new WebSocket(url, subprotocol);
}
