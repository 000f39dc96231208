import { TRANSPORT_FEEDBACK, TRANSPORT_SEQUENCE_EXTENSION, type OfferedAudio } from './offer.ts';

export interface OfferAdditions {
  /** Direction of the sound section; undefined where there is none. */
  audio: OfferedAudio['direction'] | undefined;
  /** Of the DTLS association, the same as long as that stands (RFC 8842 section 4): 20 to 255 letters and digits. */
  tlsId: string;
}

/**
 * The offer as the viewer is sent it, from the one that werift made: with what RFC 8829 section 5.2.1 asks for and werift leaves out, and with
 * the true direction of the sound, since werift itself only ever sends.
 */
export function completeOffer(sdp: string, { audio, tlsId }: OfferAdditions): string {
  const [session = '', ...sections] = sdp.split(/(?=^m=)/m);
  return [`${session}a=ice-options:trickle\r\n`, ...sections.map((section) => completeSection(section, audio, tlsId))].join('');
}

/**
 * A viewer that speaks would number its packets too, and wait for our feedback on them: there is none, and its sound has one rate. So in that section
 * nothing is said of it.
 */
const TRANSPORT_WIDE = new RegExp(
  `^a=(?:rtcp-fb:\\S+ ${TRANSPORT_FEEDBACK}|extmap:\\d+ ${TRANSPORT_SEQUENCE_EXTENSION})\\r\\n`,
  'gm',
);

function completeSection(section: string, audio: OfferAdditions['audio'], tlsId: string): string {
  const identified = section.replace(/^a=setup:.*\r\n/m, (line) => `${line}a=tls-id:${tlsId}\r\n`);
  // RTCP has no port of its own (RFC 8858), and feedback need not be in compound packets (RFC 5506 section 5).
  const muxed = identified.replace(/^a=rtcp-mux\r\n/m, (line) => `${line}a=rtcp-mux-only\r\na=rtcp-rsize\r\n`);
  if (!muxed.startsWith('m=audio') || audio === undefined) return muxed;
  if (audio === 'sendonly') return muxed;
  const directed = muxed.replace(/^a=sendonly$/m, `a=${audio}`).replace(TRANSPORT_WIDE, '');
  // What does not send belongs to no stream.
  return audio === 'recvonly' ? directed.replace(/^a=msid:.*\r\n/m, '') : directed;
}
