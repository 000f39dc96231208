import { Command } from 'commander';
import { startDemo } from './demo.ts';
import { untilTerminated } from './termination.ts';
import { createLogger, type Logger } from '../base/log.ts';

export function runCommand(): Command {
  return new Command('run')
    .description('x')
    .option('--port <port>', 'TCP port', '8080')
    .action(async (options: { port: string }) => {
      const logger: Logger = createLogger();
      const demo = await startDemo({ port: Number(options.port), cameras: 2, logger });
      process.stdout.write(`${demo.url}\n`);
      await untilTerminated();
      await demo.close();
    });
}
