import { Command, Option } from 'commander';
import { createLogger, type Logger, type LogOptions } from '../base/log.ts';
import { loadConfig } from '../config/load.ts';
import { Gateway } from '../gateway/gateway.ts';
import { startDemo } from './demo.ts';
import { wholeNumber } from './options.ts';
import { untilTerminated } from './termination.ts';
import { version } from './version.ts';

interface RunOptions {
  config?: string;
  port?: number;
  logLevel: NonNullable<LogOptions['level']>;
}

const DEMO_CAMERAS = 2;
const DEFAULT_PORT = 8080;

export function runCommand(): Command {
  return new Command('run')
    .description('Runs the gateway; without --config the demo, with simulated cameras.')
    .option('--config <file>', 'YAML with the cameras of the site')
    .option('--port <port>', `TCP port of the demo's page (default: ${DEFAULT_PORT})`, wholeNumber(0, 65_535))
    .addOption(
      new Option('--log-level <level>', 'how much the log says')
        .choices(['trace', 'debug', 'info', 'warn', 'error'])
        .default('info'),
    )
    .addHelpText(
      'after',
      `
The demo prints an address with a token made for this run. It neither listens nor sends beyond this machine.

The log goes to standard error: lines for people on a terminal, else one JSON object a line.
SIGTERM and SIGINT unregister the cameras, end the sessions and stop within 5 seconds.

Exit codes: 0 stopped when asked to, 1 failed, 2 wrong usage or configuration (check names every error in it).`,
    )
    .action(async (options: RunOptions, command: Command) => {
      const logger = createLogger({ level: options.logLevel });
      const terminated = untilTerminated();
      logger.info(`onvif-webrtc-gateway ${version}`);
      if (options.config === undefined) return await runDemo(options.port ?? DEFAULT_PORT, logger, terminated);
      if (options.port !== undefined) command.error('--port is for the demo; with --config write http.listen in the file.');
      await runSite(options.config, logger, terminated);
    });
}

async function runDemo(port: number, logger: Logger, terminated: Promise<NodeJS.Signals>): Promise<void> {
  const demo = await startDemo({ port, cameras: DEMO_CAMERAS, logger });
  process.stdout.write(
    `\nThe demo runs: ${DEMO_CAMERAS} simulated cameras. Open this address, Ctrl+C ends it:\n\n  ${demo.url}\n\n`,
  );
  await stopped(terminated, logger, () => demo.close());
}

async function runSite(file: string, logger: Logger, terminated: Promise<NodeJS.Signals>): Promise<void> {
  const config = loadConfig(file, process.env);
  const gateway = new Gateway({ ...config, logger });
  const { url } = await gateway.start();
  const cameras = config.cameras.length === 1 ? '1 camera' : `${config.cameras.length} cameras`;
  const adopted = (config.discovery?.adopt ?? 'none') === 'none' ? '' : ' and those that it adopts';
  logger.info(`The gateway serves ${cameras} of ${file}${adopted}; viewer page at ${url}/`);
  await stopped(terminated, logger, () => gateway.close());
}

async function stopped(terminated: Promise<NodeJS.Signals>, logger: Logger, close: () => Promise<void>): Promise<void> {
  logger.info(`Stopping: ${await terminated}`);
  await close();
  logger.info('Stopped');
  // What a library left open must not keep a stopped gateway alive.
  process.exit(0);
}
