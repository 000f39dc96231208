import { GatewayError } from '../base/errors.ts';
import type { Credentials } from '../config/addresses.ts';
import { readPassword } from './discover-files.ts';

/** Of `--username` and `--password-file`; undefined where neither is given. Throws `usage.credentials` or `usage.password`. */
export function credentialsOf({ username, passwordFile }: { username?: string; passwordFile?: string }): Credentials | undefined {
  if (username === undefined && passwordFile === undefined) return undefined;
  if (username === undefined || passwordFile === undefined) {
    throw new GatewayError('usage.credentials', '--username and --password-file belong together.', {
      advice: 'Add the other one.',
    });
  }
  return { username, password: readPassword(passwordFile) };
}
