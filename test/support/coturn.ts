import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Certificate } from './certificate.ts';
import { Program } from './program.ts';

export interface CoturnOptions {
  /** What it is run by, such as `ip netns exec NAME`. */
  prefix: readonly string[];
  address: string;
  username: string;
  credential: string;
  /** Shown to who comes by TLS. */
  certificate: Certificate;
  relayPorts: { first: number; last: number };
  /** It relays to loopback too, which it refuses unless told otherwise. */
  relaysToLoopback?: boolean;
}

export interface Coturn {
  /** What it has said. */
  readonly log: string;
  close(): Promise<void>;
}

/** A real STUN and TURN server with long-term credentials: UDP and TCP on 3478, TLS on 5349. */
export async function startCoturn(options: CoturnOptions): Promise<Coturn> {
  const { prefix, address, username, credential, certificate, relayPorts } = options;
  const folder = mkdtempSync(join(tmpdir(), 'coturn-'));
  const file = (name: string, text = ''): string => {
    const path = join(folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  const program = new Program([
    ...[...prefix, 'turnserver', '-n', '--no-cli', '--log-file=stdout', '--verbose'],
    ...[`--pidfile=${join(folder, 'pid')}`, `--userdb=${join(folder, 'users')}`],
    ...[`--listening-ip=${address}`, `--relay-ip=${address}`, '--no-dtls', '--lt-cred-mech', '--realm=ice.example'],
    ...[`--user=${username}:${credential}`, `--min-port=${relayPorts.first}`, `--max-port=${relayPorts.last}`],
    ...(options.relaysToLoopback === true ? ['--allow-loopback-peers'] : []),
    ...[`--cert=${file('certificate.pem', certificate.cert)}`, `--pkey=${file('key.pem', certificate.key)}`],
  ]);
  const close = async (): Promise<void> => {
    program.kill('SIGKILL');
    await program.exit();
    rmSync(folder, { recursive: true });
  };
  try {
    await program.says(/TLS\/TCP listener opened/);
  } catch (error) {
    await close();
    throw new Error('coturn did not start; it needs: apt-get install coturn', { cause: error });
  }
  return {
    get log() {
      return program.stdout;
    },
    close,
  };
}
