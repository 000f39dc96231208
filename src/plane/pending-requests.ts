/** Questions to workers that wait for their answers; none waits for ever. */
export class PendingRequests<Answer> {
  readonly #pending = new Map<number, { worker: number; settle: (answer: Answer | undefined) => void }>();
  #asked = 0;

  /**
   * @param send hands the question to the worker
   * @returns the answer; undefined where there is none within `timeoutMs`, or the worker died
   */
  async ask(worker: number, timeoutMs: number, send: (requestId: number) => void): Promise<Answer | undefined> {
    const requestId = (this.#asked += 1);
    const { promise, resolve } = Promise.withResolvers<Answer | undefined>();
    this.#pending.set(requestId, { worker, settle: resolve });
    const timeout = setTimeout(() => resolve(undefined), timeoutMs);
    send(requestId);
    const answer = await promise;
    clearTimeout(timeout);
    this.#pending.delete(requestId);
    return answer;
  }

  answer(requestId: number, answer: Answer): void {
    this.#pending.get(requestId)?.settle(answer);
  }

  /** @param worker absent: all of them */
  giveUp(worker?: number): void {
    for (const pending of this.#pending.values())
      if (worker === undefined || pending.worker === worker) pending.settle(undefined);
  }
}
