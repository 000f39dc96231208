import { setTimeout as delay } from 'node:timers/promises';
import type { SrtpProfile } from '../../../src/peer/egress/transport.ts';
import { Remote } from '../remote.ts';
import { median } from '../row.ts';
import type { Kind, SenderFunctions } from './sender.ts';
import type { ViewersFunctions } from './viewers.ts';

/*
 * What one packet to one viewer costs by our egress and by werift's own `sendRtp`: the same pictures to as many viewers, in turns, each sender and its
 * viewers in processes of their own. Processor time of the sender's process, less what it takes while it sends nothing.
 */

export interface EgressLoad {
  viewers: number;
  /** To each viewer. */
  packetsPerSecond: number;
  rounds: number;
  /** Of a turn. */
  milliseconds: number;
  profile: SrtpProfile;
}

export interface EgressCosts {
  kind: Kind;
  /** Microseconds a packet, of each round. */
  costs: number[];
  packets: number;
  /** Of them. */
  arrived: number;
  /** Of all rounds, with what the process does beside. */
  systemUs: number;
  preempted: number;
  faults: number;
}

export interface EgressComparison {
  sides: EgressCosts[];
  /** Our cost as a multiple of werift's: the median of the rounds, and each. */
  ratio: number;
  ratios: number[];
}

interface Side extends EgressCosts {
  sender: Remote<SenderFunctions>;
  receivers: Remote<ViewersFunctions>;
}

const KINDS: readonly Kind[] = ['own', 'werift'];
const COUNTERS = ['packets', 'systemUs', 'preempted', 'faults'] as const;
/** Until what is hot is compiled. */
const WARM_UP_MS = 3000;
/** Until the last packets are there. */
const SETTLE_MS = 500;

export async function compareEgress(load: EgressLoad): Promise<EgressComparison> {
  const { rounds, milliseconds, packetsPerSecond } = load;
  const sides: Side[] = [];
  for (const kind of KINDS) sides.push(await start(kind, load));
  const warmUpMs = Math.min(WARM_UP_MS, rounds * milliseconds);
  for (const { sender } of sides) await sender.call('send', { packetsPerSecond, milliseconds: warmUpMs });
  for (const side of sides) side.arrived = -(await side.receivers.call('received', undefined));
  for (let round = 0; round < rounds; round += 1) {
    for (const side of round % 2 === 0 ? sides : sides.toReversed()) {
      const idle = await side.sender.call('send', { milliseconds, packetsPerSecond: 0 });
      const sent = await side.sender.call('send', { milliseconds, packetsPerSecond });
      side.costs.push((sent.cpuUs - idle.cpuUs) / sent.packets);
      for (const counter of COUNTERS) side[counter] += sent[counter];
    }
  }
  await delay(SETTLE_MS);
  for (const side of sides) {
    side.arrived += await side.receivers.call('received', undefined);
    side.sender.close();
    side.receivers.close();
  }
  const [own, werift] = sides;
  const ratios = (own?.costs ?? []).map((cost, round) => cost / (werift?.costs[round] ?? Number.NaN));
  const results = sides.map(({ sender: _sender, receivers: _receivers, ...costs }) => costs);
  return { sides: results, ratio: median(ratios), ratios };
}

async function start(kind: Kind, { viewers, profile }: EgressLoad): Promise<Side> {
  const sender = new Remote<SenderFunctions>(new URL('./sender.ts', import.meta.url));
  const receivers = new Remote<ViewersFunctions>(new URL('./viewers.ts', import.meta.url));
  await sender.call('begin', { kind, profile });
  for (let viewer = 0; viewer < viewers; viewer += 1) {
    const sdp = await sender.call('offer', undefined);
    await sender.call('accept', await receivers.call('answer', { sdp, profile }));
  }
  return { kind, sender, receivers, costs: [], arrived: 0, packets: 0, systemUs: 0, preempted: 0, faults: 0 };
}
