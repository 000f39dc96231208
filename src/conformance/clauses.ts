/**
 * What the clauses of the ONVIF WebRTC specification ask, in short and in words of our own, for whoever reads a failure. Numbered as in
 * edition 25.12; the requirements are those of 26.06, which has no numbers. Where a clause refers to an RFC, that is named.
 */
const SENSES: Readonly<Record<string, string>> = {
  '5': 'A connection between two peers that stands does not depend on the signaling connections through which it was made.',
  '5.1':
    'Signaling runs over a WebSocket (RFC 6455) with subprotocol webrtc.onvif.org and a bearer token (RFC 6750); register is sent at once when it is open; a device that loses it connects again by itself, at ascending intervals of its own.',
  '5.2':
    'Messages are JSON-RPC 2.0 with parameters by name; SDP travels as a string with \\r\\n line ends, candidates as RTCIceCandidateInit, servers as RTCIceServer.',
  '5.2.1': 'The capabilities that may be announced are subProtocols and extend.',
  '5.2.2':
    'register comes once, before any other command; the server verifies the token that came with the handshake or with register.',
  '5.2.2.1':
    'A client registers with an optional token and learns the id that the server gave it; a bad token is answered with 401.',
  '5.2.2.2':
    'A device registers with an optional token, its name and its capabilities and learns the id that the server gave it; a bad token is answered with 401.',
  '5.2.3': 'A peer may take its registration back before it closes the connection; whoever is not registered gets 404.',
  '5.2.4': 'Server and device support connect, which opens a streaming session between two peers.',
  '5.2.4.1':
    'A client connects to a peer by its id, with token and optional profile; it learns session, ICE servers, optional expiry and capabilities, or gets 401, 403 or 480.',
  '5.2.4.2':
    'The server forwards connect with session, profile, ICE servers and expiry; the device answers with the capabilities that it registered, or with 480, and invites immediately after its answer. TURN with passwords is supported; urls is an array of strings.',
  '5.2.5':
    'The device offers, the client answers (RFC 8829 sections 5.2 and 5.3), both with ice-options:trickle; the server carries invite and its answer. 400: bad session or SDP, 408: the peer did not react, 410: it is gone.',
  '5.2.6':
    'Both sides signal their ICE candidates one by one in trickle notifications (RFC 8838), and the end of them by an empty candidate; the server relays them unaltered.',
  '5.2.7': 'A session whose expiry was announced ends then, unless it is extended.',
  '5.2.7.1':
    'A client extends a session, optionally with a new token, and learns how many seconds are left; 401 and 403 as in connect.',
  '5.2.7.2':
    'The device is told that a session lasts longer and answers with how many seconds are left (26.06); in 25.12 the device asks the server.',
  '5.2.8':
    'Errors that answer no request travel as a notification: an error object with code, message and session, without id. 1001: no resources, 1002: a peer left the server, 1003: a candidate is malformed.',
  '6.2': 'A device takes RTCP feedback (RFC 8834); on PLI (RFC 4585) and FIR (RFC 5104) it attempts to send a keyframe.',
  '6.4':
    'A device makes and takes host, server reflexive and relay candidates (RFC 8445), and answers a passive TCP candidate by connecting to it (RFC 6544).',
  '6.5': 'H.264 is the recommended picture codec for browsers.',
  '6.6':
    'Opus and PCMU are the recommended sound codecs for browsers. The direction of the audio track follows the profile: recvonly with a decoder, sendonly with an encoder, sendrecv with both.',
  '6.7.1':
    "Data channels are offered in the SDP, their subprotocols listed in invite and its answer. A channel is served only when both sides listed its subprotocol, and closed otherwise. Names with vnd.onvif are ONVIF's own.",
  '6.7.2':
    'Metadata travel as vnd.onvif.metadata+gzip: binary messages, the first of a document starting with a GZIP header (RFC 1952), XML inside.',
};

/** One or two sentences about a clause. */
export function senseOf(clause: string): string {
  return SENSES[clause] ?? '(this clause is not explained)';
}

export function isKnownClause(clause: string): boolean {
  return Object.hasOwn(SENSES, clause);
}
