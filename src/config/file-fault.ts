import { GatewayError } from '../base/errors.ts';
import { readBounded, reasonOfFailure } from './secrets.ts';

/** A chain of certificates with a bundle of authorities fits. */
const MAX_FILE_BYTES = 1024 * 1024;

/** A file beside the config that cannot be used; named by its path, with what to do about it. */
export class FileFault extends GatewayError {
  /** `the file F holds no certificate`; both without an end, for the messages of the config. */
  readonly fault: string;
  readonly remedy: string;

  /** @param code of the {@link GatewayError}: what the file is for, such as `signaling.tls` */
  constructor(code: string, fault: string, remedy: string) {
    super(code, `${capitalized(fault)}.`, { advice: `${capitalized(remedy)}.` });
    this.fault = fault;
    this.remedy = remedy;
  }
}

/** @throws FileFault where it cannot be read, is empty, or is longer than a MiB. */
export function readWholeFile(code: string, file: string): string {
  let text: string | undefined;
  try {
    text = readBounded(file, MAX_FILE_BYTES);
  } catch (error) {
    throw new FileFault(code, `the file ${file} ${reasonOfFailure(error)}`, "put it there, readable for the gateway's user");
  }
  if (text === undefined) throw new FileFault(code, `the file ${file} is longer than 1 MiB`, 'name the right one');
  if (text.trim() === '') throw new FileFault(code, `the file ${file} is empty`, 'write it again');
  return text;
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
