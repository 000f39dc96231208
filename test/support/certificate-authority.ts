import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** Key and certificate in PEM, and the paths of their files. */
export interface Issued {
  key: string;
  cert: string;
  keyFile: string;
  certFile: string;
}

/** An authority of the test's own, made by OpenSSL in a folder that {@link close} removes. */
export class CertificateAuthority {
  readonly folder = mkdtempSync(join(tmpdir(), 'authority-'));
  /** Of its own certificate. */
  readonly file = join(this.folder, 'ca.pem');
  #count = 0;

  constructor(name = 'Test authority') {
    this.#openssl('req', '-x509', ...NEW_KEY, '-subj', `/CN=${name}`, '-days', '2', '-keyout', 'ca.key', '-out', 'ca.pem');
  }

  get cert(): string {
    return readFileSync(this.file, 'utf8');
  }

  /** @param altName such as `IP:127.0.0.1`; `days` -1: it expired yesterday */
  issue(altName = 'IP:127.0.0.1', days = 2): Issued {
    const name = `issued-${(this.#count += 1)}`;
    const [key, cert] = [`${name}.key`, `${name}.pem`];
    this.#openssl(
      'req',
      ...NEW_KEY,
      '-subj',
      `/CN=${name}`,
      '-addext',
      `subjectAltName=${altName}`,
      '-keyout',
      key,
      '-out',
      'csr',
    );
    const signer = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-copy_extensions', 'copy'];
    this.#openssl('x509', '-req', '-in', 'csr', ...signer, '-days', `${days}`, '-out', cert);
    const [keyFile, certFile] = [join(this.folder, key), join(this.folder, cert)];
    return { key: readFileSync(keyFile, 'utf8'), cert: readFileSync(certFile, 'utf8'), keyFile, certFile };
  }

  /** Writes a file into the folder; returns its path. */
  write(name: string, text: string): string {
    const file = join(this.folder, name);
    writeFileSync(file, text);
    return file;
  }

  close(): void {
    rmSync(this.folder, { recursive: true });
  }

  #openssl(...args: string[]): void {
    execFileSync('openssl', args, { cwd: this.folder, stdio: 'pipe' });
  }
}
