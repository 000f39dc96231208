/** SSRC of the pictures that an offer announces (RFC 5576 section 4.1: the first of its video section); null where it names none. */
export function videoSsrc(offer: string): number | null {
  const video = offer.split(/^(?=m=)/m).find((section) => section.startsWith('m=video'));
  const ssrc = video === undefined ? null : /^a=ssrc:(\d{1,10}) /m.exec(video);
  return ssrc === null ? null : Number(ssrc[1]);
}
