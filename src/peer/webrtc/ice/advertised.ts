import { isIP } from 'node:net';
import type { IceCandidate } from '../../../base/ice.ts';
import type { IceSettings } from '../../../plane/messages.ts';

/** RFC 8839 section 5.1: foundation, component, transport, priority, address, port, `typ`, type. */
const FOUNDATION = 0;
const TRANSPORT = 2;
const ADDRESS = 4;
const PORT = 5;
const TYPE = 7;
/** Of an active TCP candidate (RFC 6544 section 4.5). */
const DISCARD_PORT = 9;

/**
 * What is announced for a local candidate: itself, or, where `advertise` names the addresses of a 1:1 NAT, for a host candidate one for each of them
 * that is of its family, in its place. A family of which none is named is not reachable from outside: nothing is announced. The other candidates then
 * keep to themselves by which local address they were gathered (RFC 8839 section 5.1 allows that).
 */
export function announced(
  candidate: IceCandidate,
  { advertise, udpPorts }: Pick<IceSettings, 'advertise' | 'udpPorts'>,
): IceCandidate[] {
  const fields = candidate.candidate.split(' ');
  const family = isIP(fields[ADDRESS] ?? '');
  if (advertise.length === 0 || family === 0) return [candidate];
  if (fields[TYPE] !== 'host') {
    const unspecified = `raddr ${family === 4 ? '0.0.0.0' : '::'} rport ${DISCARD_PORT}`;
    return [{ ...candidate, candidate: candidate.candidate.replace(/raddr \S+ rport \d+/, unspecified) }];
  }
  const local = Number(fields[PORT]);
  return advertise
    .filter(({ address }) => isIP(address) === family)
    .map(({ address, firstPort }, index) => {
      const mapped = fields[TRANSPORT]?.toLowerCase() === 'udp' && firstPort !== undefined && udpPorts !== undefined;
      const replaced = [...fields];
      replaced[FOUNDATION] = `${fields[FOUNDATION]}${index}`;
      replaced[ADDRESS] = address;
      if (mapped) replaced[PORT] = String(local - udpPorts.first + firstPort);
      return { ...candidate, candidate: replaced.join(' ') };
    });
}
