import { existsSync } from 'node:fs';
import { Command } from 'commander';
import { ConfigError, formatIssue, type ConfigIssue } from '../config/config-error.ts';
import { loadConfig } from '../config/load.ts';

/** Looked at in this order where `--config` names none. */
export const DEFAULT_FILES = ['gateway.yaml', '/etc/onvif-webrtc-gateway/gateway.yaml'];

/** What `check --json` prints. */
export interface CheckResult {
  file: string;
  valid: boolean;
  /** Null where the config is not valid. */
  cameras: number | null;
  issues: readonly ConfigIssue[];
}

/** `check`: says all that is wrong with a config before the gateway is started with it. Exit code 2 when anything is. */
export function checkCommand(): Command {
  return new Command('check')
    .description('Validates a config: says file, line and column of each error, what is wrong, and what to write instead.')
    .option('--config <file>', `config file (default: ./${DEFAULT_FILES.join(', then ')})`)
    .option('--json', 'print the result as one JSON object')
    .addHelpText(
      'after',
      '\nSecrets are looked up as `run` does: ${VARIABLES}, files and systemd credentials.\nExit code 0: valid; 2: not.',
    )
    .action(({ config, json }: { config?: string; json?: true }) => {
      const result = check(config ?? DEFAULT_FILES.find((file) => existsSync(file)) ?? DEFAULT_FILES.join(' or '));
      if (json === true) console.log(JSON.stringify(result));
      else if (result.valid)
        console.log(`${result.file} is valid: ${result.cameras} ${result.cameras === 1 ? 'camera' : 'cameras'}`);
      else for (const issue of result.issues) console.error(formatIssue(issue));
      if (!result.valid) process.exitCode = 2;
    });
}

function check(file: string): CheckResult {
  try {
    const { cameras } = loadConfig(file, process.env);
    return { file, valid: true, cameras: cameras.length, issues: [] };
  } catch (error) {
    if (error instanceof ConfigError) return { file, valid: false, cameras: null, issues: error.issues };
    throw error;
  }
}
