/** Seconds between the NTP epoch (1900) and the Unix epoch (1970), RFC 5905 section 6. */
const NTP_UNIX_OFFSET_SECONDS = 2_208_988_800;

/** A 64-bit NTP timestamp as RTCP carries it (RFC 3550 section 4): whole seconds since 1900 and 1/2^32 fractions. */
export interface NtpTime {
  seconds: number;
  fraction: number;
}

/** Unix milliseconds (fractions allowed) to NTP. Wraps with the NTP era (2036) as the wire format does. */
export function ntpFromUnixMs(unixMs: number): NtpTime {
  const wholeSeconds = Math.floor(unixMs / 1000);
  const fraction = Math.floor((unixMs / 1000 - wholeSeconds) * 2 ** 32);
  return { seconds: (wholeSeconds + NTP_UNIX_OFFSET_SECONDS) >>> 0, fraction: fraction >>> 0 };
}

/** NTP to Unix milliseconds, in the era that contains 1968 to 2104 (RFC 5905 section 6: most significant bit clear is era 1). */
export function unixMsFromNtp(time: NtpTime): number {
  const era = time.seconds < 0x8000_0000 ? 2 ** 32 : 0;
  return (time.seconds + era - NTP_UNIX_OFFSET_SECONDS) * 1000 + (time.fraction / 2 ** 32) * 1000;
}

/** The middle 32 bits, which receiver reports carry as LSR (RFC 3550 section 6.4.1). */
export function ntpMiddle32(time: NtpTime): number {
  return (((time.seconds & 0xffff) << 16) | (time.fraction >>> 16)) >>> 0;
}

/** False for NTP 0, with which a sender says that it has no clock (RFC 3550 section 6.4.1). */
export function isNtpSet(time: NtpTime): boolean {
  return time.seconds !== 0 || time.fraction !== 0;
}
