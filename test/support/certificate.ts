import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Certificate {
  /** PEM. */
  key: string;
  cert: string;
  /** SHA-256, as OpenSSL writes it: with colons, in upper case. */
  fingerprint: string;
}

/** A certificate in files, as the config of a server names them. */
export interface CertificateFiles {
  cert: string;
  key: string;
  /** What clients trust. */
  pem: string;
  /** Puts another certificate in their place. */
  renew(): void;
  remove(): void;
}

export function certificateFiles(): CertificateFiles {
  const folder = mkdtempSync(join(tmpdir(), 'certificate-'));
  const files = {
    cert: join(folder, 'cert.pem'),
    key: join(folder, 'key.pem'),
    pem: '',
    renew: () => {
      const { cert, key } = makeCertificate();
      writeFileSync(files.cert, cert);
      writeFileSync(files.key, key);
      files.pem = cert;
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
  files.renew();
  return files;
}

/** A certificate that signs itself, for one address, as cameras make theirs. */
export function makeCertificate(address = '127.0.0.1', days = 30): Certificate {
  const folder = mkdtempSync(join(tmpdir(), 'certificate-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  try {
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    const names = ['-subj', '/CN=camera', '-addext', `subjectAltName=IP:${address}`];
    execFileSync('openssl', ['req', '-x509', ...curve, ...names, '-days', String(days), '-keyout', key, '-out', cert], {
      stdio: 'pipe',
    });
    const pem = readFileSync(cert, 'utf8');
    return { key: readFileSync(key, 'utf8'), cert: pem, fingerprint: new X509Certificate(pem).fingerprint256 };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
