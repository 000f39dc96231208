/** A profile that a worker pulls, or tries to. */
interface Pull {
  cameraId: string;
  profile: string;
}

/** What each worker pulls: with the worker it ends, and the worker can say so no more. */
export class RunningPulls {
  readonly #byWorker = new Map<number, Map<string, Pull>>();

  note(worker: number, { cameraId, profile }: Pull, isPulled: boolean): void {
    const pulls = this.#byWorker.get(worker) ?? new Map<string, Pull>();
    this.#byWorker.set(worker, pulls);
    const key = JSON.stringify([cameraId, profile]);
    if (isPulled) pulls.set(key, { cameraId, profile });
    else pulls.delete(key);
  }

  hasOf(cameraId: string): boolean {
    return [...this.#byWorker.values()].some((pulls) => [...pulls.values()].some((pull) => pull.cameraId === cameraId));
  }

  of(worker: number): Pull[] {
    return [...(this.#byWorker.get(worker)?.values() ?? [])];
  }
}
