import { randomBytes } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  existsSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { GatewayError } from '../base/errors.ts';
import { addCameras, type AddedCamera } from '../config/add-cameras.ts';
import type { CameraToAdd } from '../config/camera-entries.ts';
import { ConfigError } from '../config/config-error.ts';
import { knownCameras, type KnownCamera } from '../config/known-cameras.ts';
import { readBounded, reasonOfFailure } from '../config/secrets.ts';

const MAX_CONFIG_BYTES = 2 * 1024 * 1024;
const MAX_PASSWORD_FILE_BYTES = 64 * 1024;

/** The cameras of a config file; throws ConfigError where it cannot be read. */
export function readKnownCameras(file: string): KnownCamera[] {
  return knownCameras(file, readConfigText(file), process.env);
}

/** Fails before the search where the file could not be written after it. */
export function assertWritable(file: string): void {
  try {
    if (existsSync(file)) accessSync(file, constants.W_OK);
    accessSync(dirname(targetOf(file)), constants.W_OK);
  } catch (error) {
    throw new GatewayError('usage.write', `${file} cannot be written.`, {
      advice: 'Name a file in a folder that you may write to.',
      cause: error,
    });
  }
}

/** Adds cameras to the file, which is replaced in one step or left as it was. */
export function writeCameras(file: string, cameras: readonly CameraToAdd[]): AddedCamera[] {
  const { text, added } = addCameras(file, existsSync(file) ? readConfigText(file) : undefined, cameras);
  const target = targetOf(file);
  const temporary = `${target}.${randomBytes(4).toString('hex')}`;
  try {
    const isThere = existsSync(target);
    // Nobody else reads the passwords in it before it has the owner and the mode of the other.
    writeFileSync(temporary, text, { flag: 'wx', flush: true, mode: isThere ? 0o600 : 0o666 });
    if (isThere) keepOwner(target, temporary);
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw new GatewayError('discovery.not_written', `${file} could not be written (${reasonOfFailure(error)}).`, {
      cause: error,
    });
  }
  return added;
}

/** The first line of the file. */
export function readPassword(file: string): string {
  let text: string | undefined;
  try {
    text = readBounded(file, MAX_PASSWORD_FILE_BYTES);
  } catch (error) {
    throw new GatewayError('usage.password', `The password file ${file} ${reasonOfFailure(error)}.`, { cause: error });
  }
  const [password = ''] = (text ?? '').split(/\r?\n/, 1);
  if (password === '') throw new GatewayError('usage.password', `The first line of the password file ${file} is empty.`);
  return password;
}

function readConfigText(file: string): string {
  const failed = (message: string): ConfigError => new ConfigError([{ file, path: '', message }]);
  let text: string | undefined;
  try {
    text = readBounded(file, MAX_CONFIG_BYTES);
  } catch (error) {
    throw failed(`the config file ${reasonOfFailure(error)}; name one that can be read`);
  }
  if (text === undefined) throw failed('is too long for a config file');
  return text;
}

/** Where a symbolic link leads. */
function targetOf(file: string): string {
  return existsSync(file) ? realpathSync(file) : file;
}

function keepOwner(from: string, to: string): void {
  const { mode, uid, gid } = statSync(from);
  const { uid: ownUid, gid: ownGid } = statSync(to);
  if (uid !== ownUid || gid !== ownGid) chownSync(to, uid, gid);
  chmodSync(to, mode);
}
