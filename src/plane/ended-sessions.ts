import type { MediaStats, SessionCounters, SessionStats } from './messages.ts';

const NOTHING: SessionCounters = {
  packetsSent: 0,
  bytesSent: 0,
  packetsRetransmitted: 0,
  retransmissionsRefused: 0,
  packetsDropped: 0,
  skipsStalled: 0,
  skipsSilent: 0,
  keyframeRequests: 0,
  metadataDocuments: 0,
  metadataDropped: 0,
};

/** What the sessions that are over have counted, for each camera, so that no total falls when a viewer leaves. */
export class EndedSessions {
  readonly #byCamera = new Map<string, MediaStats['ended'][number]>();

  get sums(): MediaStats['ended'] {
    return [...this.#byCamera.values()];
  }

  add(session: SessionCounters & Pick<SessionStats, 'cameraId' | 'adaptation'>): void {
    const { cameraId, adaptation } = session;
    const sum = this.#byCamera.get(cameraId) ?? { cameraId, sessions: 0, switches: 0, probes: 0, ...NOTHING };
    sum.sessions += 1;
    sum.switches += adaptation?.switches ?? 0;
    sum.probes += adaptation?.probes ?? 0;
    for (const name of Object.keys(NOTHING) as (keyof SessionCounters)[]) sum[name] += session[name];
    this.#byCamera.set(cameraId, sum);
  }
}
