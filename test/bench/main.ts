import { writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { Command, InvalidArgumentError, Option } from 'commander';
import { Bench, type Size } from './bench.ts';
import { endWithProcess } from './owned.ts';
import { findings, machineNow, table } from './report.ts';
import { cameras } from './scenarios/cameras.ts';
import { egress } from './scenarios/egress.ts';
import { firstFrame } from './scenarios/first-frame.ts';
import { latency } from './scenarios/latency.ts';
import { peers } from './scenarios/peers.ts';
import { viewers } from './scenarios/viewers.ts';
import { workers } from './scenarios/workers.ts';
import { peerOf, type Peer } from './senders/peers.ts';

/* `npm run -s bench`: what the gateway costs, on loads that are made here, and beside peers. */

const SCENARIOS = { egress, viewers, peers, latency, workers, cameras, 'first-frame': firstFrame };
type Scenario = keyof typeof SCENARIOS;

interface Options {
  size: Size;
  scenario: Scenario[];
  peer: Peer[];
  json?: string;
  markdown?: boolean;
  dist?: boolean;
}

const HELP = `
Scenarios:
  egress       a packet to 50 viewers by our egress and by werift's sendRtp, in turns
  viewers      one camera at 1 Mbit/s, 1 to 200 viewers: whether a viewer costs the same among many
  peers        20 viewers of one camera at 4 and 2 Mbit/s, the gateway and each --peer in turns
  latency      50 viewers: from the camera's sending to the arrival at a viewer, with pacing and without, with keyframes larger than other
               pictures and as large
  workers      the same load on one worker and on two, in turns
  cameras      1 to 64 cameras, without viewers and with one each
  first-frame  from the beginning of a viewer to its first whole keyframe, by the gateway and each --peer

Sizes: small takes half a minute and says whether everything can be measured; medium some minutes; full a quarter of an hour.

A peer is a program by its path, go2rtc or MediaMTX: which one it is, it says itself (--version, --help), else NAME begins with go2rtc or
mediamtx. It gets a config of its own in a temporary folder, listens on 127.0.0.1 only, and pulls the same camera.

Cameras, viewers and senders are processes of their own on this machine; run nothing else beside them. A row does not count where receivers
were too busy or lost packets by themselves. The clock of processor time is the kernel's (/proc), for all alike.

Example:
  npm run -s bench -- --scenario peers --peer go2rtc=/usr/local/bin/go2rtc --peer mediamtx=/usr/local/bin/mediamtx`;

endWithProcess();
await new Command('bench')
  .description('Measures the gateway: processor time a packet, latency, first frame, memory; prints a table.')
  .addOption(new Option('--size <size>', 'how much load, and how long').choices(['small', 'medium', 'full']).default('medium'))
  .addOption(new Option('--scenario <name...>', 'those alone (default: all)').choices(Object.keys(SCENARIOS)).default([], 'all'))
  .option('--peer <name=path>', 'another gateway under the same load; may be given several times', addPeer, [])
  .option('--dist', 'the gateway as npm run build made it, in place of the sources: its memory is that of an installed one')
  .option('--json <file>', 'writes what was measured there; - for standard output, in place of the table')
  .option('--markdown', 'prints the table for a page of documentation')
  .addHelpText('after', HELP)
  .action(run)
  .parseAsync();
// What ended badly elsewhere must not hold the bench up.
process.exit();

function addPeer(argument: string, before: Peer[]): Peer[] {
  try {
    return [...before, peerOf(argument)];
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? `${error.message}.` : String(error));
  }
}

async function run({ size, scenario, peer, json, markdown = false, dist = false }: Options): Promise<void> {
  const startedAt = performance.now();
  const say = (line: string): void =>
    void process.stderr.write(`${((performance.now() - startedAt) / 1000).toFixed(0).padStart(4)} s  ${line}\n`);
  const machine = machineNow();
  const bench = new Bench({ size, peers: peer, dist, say });
  const wanted = Object.entries(SCENARIOS).filter(([name]) => scenario.length === 0 || scenario.includes(name as Scenario));
  for (const [name, measure] of wanted) {
    say(name);
    await measure(bench);
  }
  bench.close();
  machine.load[1] = loadavg()[0] ?? 0;
  const result = { machine, size, rows: bench.rows, findings: findings(bench.rows) };
  const text = `${JSON.stringify(result, undefined, 2)}\n`;
  if (json === '-') {
    process.stdout.write(text);
    return;
  }
  if (json !== undefined) writeFileSync(json, text);
  const { cores, processor, node, load } = machine;
  const head = `${cores} cores (${processor}), Node ${node}, load ${load.map((value) => value.toFixed(1)).join(' before, ')} after, size ${size}`;
  const found = result.findings.map((line) => (markdown ? `- ${line}` : line));
  process.stdout.write([head, '', table(bench.rows, markdown), '', ...found, ''].join('\n'));
}
