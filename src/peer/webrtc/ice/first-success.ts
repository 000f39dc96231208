/**
 * Starts what is tried one after the other: the next one when the one before failed, or has not succeeded after a while; the first that succeeds is
 * taken (RFC 8305 does so with addresses).
 *
 * @param discard Takes what succeeds later.
 * @returns undefined when all failed
 */
export function firstSuccess<Result>(
  starts: readonly (() => Promise<Result>)[],
  staggerMs: number,
  discard: (late: Result) => void,
): Promise<Result | undefined> {
  const waiting = [...starts];
  const first = Promise.withResolvers<Result | undefined>();
  let done = false;
  let running = 0;
  let timer: NodeJS.Timeout | undefined;
  const finish = (result: Result | undefined): void => {
    done = true;
    clearTimeout(timer);
    first.resolve(result);
  };
  const startNext = (): void => {
    clearTimeout(timer);
    const start = waiting.shift();
    if (start === undefined) {
      if (running === 0) finish(undefined);
      return;
    }
    running += 1;
    if (waiting.length > 0) timer = setTimeout(startNext, staggerMs);
    start().then(
      (result) => (done ? discard(result) : finish(result)),
      () => {
        running -= 1;
        if (!done) startNext();
      },
    );
  };
  startNext();
  return first.promise;
}
