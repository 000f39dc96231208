import { isIPv4 } from 'node:net';

/** Whether a host as the config or a URL writes it is this machine itself: `localhost`, 127.0.0.0/8 or `::1`. */
export function isLoopbackHost(host: string): boolean {
  const name = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  // RFC 6761 section 6.3: names under localhost never leave the machine; browsers hold to it.
  if (name === 'localhost' || name.endsWith('.localhost') || name === '::1') return true;
  return isIPv4(name) && name.startsWith('127.');
}
