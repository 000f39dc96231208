import { getCACertificates, setDefaultCACertificates } from 'node:tls';

/**
 * Trusts the authorities of the system beside those that Node brings along and those of NODE_EXTRA_CA_CERTS: there the authority of a site
 * is added for all programs, and Node by itself does not look.
 */
export function trustSystemAuthorities(): void {
  setDefaultCACertificates([...new Set([...getCACertificates('default'), ...getCACertificates('system')])]);
}
