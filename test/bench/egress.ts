import { availableParallelism, loadavg } from 'node:os';
import type { SrtpProfile } from '../../src/peer/egress/transport.ts';
import { argumentsOf, numberOf } from './arguments.ts';
import { compareEgress } from './egress/compare.ts';
import { measureSteps } from './egress/steps.ts';
import { endWithProcess } from './owned.ts';
import { median } from './row.ts';

/* `node test/bench/egress.ts`: our egress beside werift's own sender, under a load of choice; what `npm run -s bench -- --scenario egress` has in its table. */

const USAGE = `node test/bench/egress.ts [--viewers 50] [--rate 400] [--rounds 7] [--milliseconds 2000] [--profile AEAD_AES_128_GCM]
node test/bench/egress.ts --steps

What a packet costs by our egress and by werift's sendRtp, in turns, --rate packets a second to each viewer; --profile may be AES_CM_128_HMAC_SHA1_80.
--steps: what each step of our egress costs on its own.`;
const PROFILES: readonly string[] = ['AEAD_AES_128_GCM', 'AES_CM_128_HMAC_SHA1_80'] satisfies SrtpProfile[];

const values = argumentsOf(USAGE, {
  viewers: '50',
  rate: '400',
  rounds: '7',
  milliseconds: '2000',
  profile: 'AEAD_AES_128_GCM',
  steps: false,
});

endWithProcess();
if (values.steps) await printSteps();
else await printComparison();

async function printSteps(): Promise<void> {
  for (const [step, cost] of await measureSteps()) console.log(`${cost.toFixed(2).padStart(6)} us  ${step}`);
}

async function printComparison(): Promise<void> {
  const { viewers, rate, profile, rounds, milliseconds } = values;
  if (!isProfile(profile)) {
    console.error(`--profile is one of ${PROFILES.join(', ')}`);
    process.exit(2);
  }
  const { sides, ratio, ratios } = await compareEgress({
    viewers: numberOf('viewers', viewers),
    packetsPerSecond: numberOf('rate', rate),
    rounds: numberOf('rounds', rounds),
    milliseconds: numberOf('milliseconds', milliseconds),
    profile,
  });
  const cores = `${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(1)}`;
  console.log(`${viewers} viewers, ${rate} packets/s each, ${profile}; ${cores}`);
  for (const { kind, costs, packets, arrived, systemUs, preempted, faults } of sides) {
    const [least, most] = [Math.min(...costs), Math.max(...costs)].map((cost) => cost.toFixed(1));
    const share = ((arrived / packets) * 100).toFixed(1);
    console.log(`${kind.padEnd(8)} ${median(costs).toFixed(1)} us a packet (${least} to ${most}), ${share} % arrived`);
    const [system, switches, pages] = [systemUs, preempted, faults].map((count) => (count / packets).toFixed(2));
    console.log(`${''.padEnd(8)} of which the system ${system} us; preempted ${switches} times a packet, ${pages} page faults`);
  }
  console.log(`ratio ${ratio.toFixed(2)} (${ratios.map((each) => each.toFixed(2)).join(' ')})`);
}

function isProfile(name: string): name is SrtpProfile {
  return PROFILES.includes(name);
}
