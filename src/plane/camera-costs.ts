import type { CameraCost, MediaStats } from './messages.ts';

/**
 * Packets in a second below which a thread's time says nothing of a camera: a single stray one, where no other came, would be charged with all that the thread
 * did for itself.
 */
const LEAST_PACKETS = 20;

interface Packets {
  /** Received and sent. */
  all: number;
  /** To viewers. */
  sent: number;
}

/**
 * What each camera of a media plane that is watched costs. A thread's time cannot be measured by camera without a clock at each packet, and packets are what it
 * is spent on, nearly all of it: the measured time is shared out by how many each camera received, and had sent to its viewers. What is pulled while nobody
 * watches has its share, and is not told.
 */
export class CameraCosts {
  /** By camera, up to the last measurement. */
  #counted: ReadonlyMap<string, Packets> = new Map();

  /**
   * @param utilization share of the time since the last call in which the thread was not idle, 0 to 1
   * @returns of those cameras that had a viewer and packets enough since then; in sum no more than the utilization
   */
  measure(stats: Pick<MediaStats, 'streams' | 'sessions' | 'ended'>, utilization: number): CameraCost[] {
    const counted = packetsByCamera(stats);
    const since = [...counted].map(([cameraId, { all, sent }]) => {
      const before = this.#counted.get(cameraId);
      return { cameraId, packets: Math.max(0, all - (before?.all ?? 0)), isWatched: sent > (before?.sent ?? 0) };
    });
    this.#counted = counted;
    const sum = since.reduce((total, { packets }) => total + packets, 0);
    return since.flatMap(({ cameraId, packets, isWatched }) =>
      isWatched && packets >= LEAST_PACKETS ? [{ cameraId, cost: (utilization * packets) / sum }] : [],
    );
  }
}

function packetsByCamera({ streams, sessions, ended }: Pick<MediaStats, 'streams' | 'sessions' | 'ended'>): Map<string, Packets> {
  const counted = new Map<string, Packets>();
  const add = (cameraId: string, received: number, sent: number): void => {
    const before = counted.get(cameraId) ?? { all: 0, sent: 0 };
    counted.set(cameraId, { all: before.all + received + sent, sent: before.sent + sent });
  };
  for (const { cameraId, packetsReceived } of streams) add(cameraId, packetsReceived, 0);
  for (const { cameraId, packetsSent, packetsRetransmitted } of [...sessions, ...ended])
    add(cameraId, 0, packetsSent + packetsRetransmitted);
  return counted;
}
