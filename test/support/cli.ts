import { fileURLToPath } from 'node:url';
import { Program } from './program.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** A command of the product as a process of its own. */
export class CliProcess extends Program {
  /** @param prefix what the command is run by, such as `ip netns exec NAME` */
  constructor(args: readonly string[], options: { env?: Record<string, string>; prefix?: readonly string[] } = {}) {
    super([...(options.prefix ?? []), process.execPath, MAIN, ...args], options);
  }
}

/** Runs a command to its end. */
export async function runCli(
  args: readonly string[],
  options: ConstructorParameters<typeof CliProcess>[1] = {},
): Promise<CliProcess & { code: number | null }> {
  const process = new CliProcess(args, options);
  const code = await process.exit();
  return Object.assign(process, { code });
}
