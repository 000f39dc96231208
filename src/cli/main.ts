#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { describeReason, GatewayError, reasonOf } from '../base/errors.ts';
import { checkCommand } from './check.ts';
import { conformanceCommand } from './conformance.ts';
import { discoverCommand } from './discover.ts';
import { probeCommand } from './probe.ts';
import { runCommand } from './run.ts';
import { simulateCommand } from './simulate.ts';
import { trustSystemAuthorities } from './system-authorities.ts';
import { version } from './version.ts';
import { viewCommand } from './view.ts';

/** Exit codes: 0 done, 1 failed, 2 usage or configuration. */
const FAILED = 1;
const USAGE = 2;

/** Errors that are the caller's to mend before anything can run. */
const isUsage = (code: string): boolean => code.startsWith('config.') || code.startsWith('usage.');

const program = new Command('onvif-webrtc-gateway')
  .description('Shows ONVIF cameras in browsers: for each camera it is the WebRTC device of the ONVIF WebRTC Specification.')
  .version(version)
  .showHelpAfterError('Add --help to see what can be written here.')
  .hook('preAction', trustSystemAuthorities)
  .addCommand(runCommand())
  .addCommand(discoverCommand())
  .addCommand(probeCommand())
  .addCommand(checkCommand())
  .addCommand(simulateCommand())
  .addCommand(viewCommand())
  .addCommand(conformanceCommand())
  .addHelpText(
    'after',
    `
Examples:
  onvif-webrtc-gateway run                            the demo: two simulated cameras and a page to watch them
  onvif-webrtc-gateway run --config gateway.yaml      the cameras of a site
  onvif-webrtc-gateway discover                       which cameras are on the network?
  onvif-webrtc-gateway probe 192.168.1.20             does this camera play in a browser, and if not, why?
  onvif-webrtc-gateway check --config gateway.yaml    is the configuration right?
  onvif-webrtc-gateway view --server ws://127.0.0.1:8080/signaling --peer front-door --duration 10
  onvif-webrtc-gateway conformance device --listen 192.168.1.5:8090   does a camera keep to the specification?

Exit codes: 0 done, 1 failed, 2 wrong usage or configuration.`,
  );

// Whoever reads no further, such as `head`, ends the command and is told nothing of it.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

for (const command of [program, ...program.commands.flatMap((each) => [each, ...each.commands])]) command.exitOverride();

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has printed it; help and version come this way too.
    process.exitCode = error.exitCode === 0 ? 0 : USAGE;
  } else {
    const reason = reasonOf(error);
    const unexpected = error instanceof GatewayError ? '' : `\n${error instanceof Error ? error.stack : ''}`;
    process.stderr.write(`${describeReason(reason)}${unexpected}\n`);
    process.exitCode = isUsage(reason.code) ? USAGE : FAILED;
  }
}
