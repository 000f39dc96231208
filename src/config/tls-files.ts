import { X509Certificate } from 'node:crypto';
import { FileFault, readWholeFile } from './file-fault.ts';
import { parsePrivateKey } from './private-key.ts';

/** Files in PEM of one end of TLS, by their paths. Certificate and key come together. */
export interface TlsFiles {
  /** Authorities. */
  ca?: string;
  /** The certificate by which this end is known, followed by those between it and its authority. */
  cert?: string;
  key?: string;
}

/** What stands in {@link TlsFiles}. */
export interface TlsPems {
  ca?: string;
  cert?: string;
  key?: string;
}

/** `signaling.tls` of the config, `http.tls` ...: what the files are for, as code of the errors. */
type Code = string;

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * Reads the files and sees whether they can be used together.
 *
 * @throws FileFault
 */
export function readTlsFiles(code: Code, files: TlsFiles): TlsPems {
  return { ...readAuthorities(code, files), ...readIdentity(code, files) };
}

/** @throws FileFault */
export function readAuthorities(code: Code, { ca: file }: TlsFiles): { ca?: string } {
  if (file === undefined) return {};
  const ca = readWholeFile(code, file);
  parseCertificates(code, file, ca);
  return { ca };
}

/** @throws FileFault */
export function readIdentity(code: Code, { cert: certFile, key: keyFile }: TlsFiles): { cert?: string; key?: string } {
  if (certFile === undefined || keyFile === undefined) return {};
  const cert = readWholeFile(code, certFile);
  const [own] = parseCertificates(code, certFile, cert);
  const key = readWholeFile(code, keyFile);
  if (own?.checkPrivateKey(parsePrivateKey(code, keyFile, key)) !== true) {
    throw new FileFault(
      code,
      `the key in ${keyFile} does not fit the certificate in ${certFile}`,
      'name the two that were made together; the certificate itself stands first in its file',
    );
  }
  return { cert, key };
}

/** The last moment at which the (first) certificate is valid. */
export function expiryOf(cert: string): Date {
  return new X509Certificate(cert).validToDate;
}

function parseCertificates(code: Code, file: string, pem: string): X509Certificate[] {
  try {
    const certificates = (pem.match(CERTIFICATE) ?? []).map((each) => new X509Certificate(each));
    if (certificates.length > 0) return certificates;
  } catch {
    // Said below.
  }
  throw new FileFault(code, `the file ${file} holds no certificate in PEM`, 'write it as -----BEGIN CERTIFICATE----- ...');
}
