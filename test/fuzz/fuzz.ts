import { Worker } from 'node:worker_threads';

export interface FuzzOptions {
  /** Module that exports `targets`. */
  targets: URL;
  seed: number;
  /** Only the target of this name. */
  only?: string;
  /** Stop after about so many inputs, or at this time (Unix milliseconds). */
  inputs?: number;
  endMs?: number;
  /** Play this one alone (Base64). */
  input?: string;
  /** Inputs of one target in a row; default 100. */
  batch?: number;
  /** Rounds over all targets before the heap is measured first; default 20. */
  warmUpRounds?: number;
  /** An input that takes longer hangs, milliseconds; default 30 s, since the machine may be busy otherwise. */
  hangMs?: number;
  onProgress?: (progress: readonly FuzzProgress[], heapBytes: number) => void;
  onFinding?: (finding: FuzzFinding) => void;
}

/** What the thread is given. */
export interface FuzzWork extends Pick<FuzzOptions, 'seed' | 'only' | 'inputs' | 'endMs' | 'input'> {
  targets: string;
  batch: number;
  warmUpRounds: number;
  /** Three 32-bit numbers: inputs begun, index of the target, length of the input. */
  state: SharedArrayBuffer;
  current: SharedArrayBuffer;
}

export interface FuzzProgress {
  target: string;
  inputs: number;
  ms: number;
  slowestMs: number;
}

/** An input that a parser did not take as it promises. */
export interface FuzzFinding {
  target: string;
  /** What was thrown, with its stack; or that it hangs. */
  what: string;
  /** Base64. */
  input: string;
}

export interface FuzzResult {
  findings: FuzzFinding[];
  progress: readonly FuzzProgress[];
  /** What the thread kept alive after garbage collection, bytes: when warm, and at the end. */
  heap: readonly [before: number, after: number];
}

type Message =
  | { kind: 'progress'; progress: FuzzProgress[]; heap: number }
  | { kind: 'finding'; finding: FuzzFinding }
  | { kind: 'done'; progress: FuzzProgress[]; heap: [number, number] };

const MAX_INPUT_BYTES = 1024 * 1024;
/** Growth of the heap that is no leak: what is compiled, cached, or lies in half-filled pages. */
export const MAX_GROWTH_BYTES = 8 * 1024 * 1024;
/** A parser that fails on one input fails on thousands alike. */
const MAX_FINDINGS_PER_TARGET = 3;

/** Feeds the targets in a thread of its own, and watches over it: a parser that never returns is a finding too. */
export async function fuzz(options: FuzzOptions): Promise<FuzzResult> {
  const { targets, onProgress, onFinding, hangMs = 30_000, batch = 100, warmUpRounds = 20, ...rest } = options;
  const state = new Int32Array(new SharedArrayBuffer(12));
  const current = new SharedArrayBuffer(MAX_INPUT_BYTES);
  const data: FuzzWork = { ...rest, targets: targets.href, batch, warmUpRounds, state: state.buffer, current };
  const result: FuzzResult = { findings: [], progress: [], heap: [0, 0] };
  const find = (finding: FuzzFinding): void => {
    if (result.findings.filter(({ target }) => target === finding.target).length >= MAX_FINDINGS_PER_TARGET) return;
    result.findings.push(finding);
    onFinding?.(finding);
  };
  const worker = new Worker(new URL('worker.ts', import.meta.url), { workerData: data });
  const inputNow = (): string => Buffer.from(current).subarray(0, state[2]).toString('base64');
  worker.on('message', (message: Message) => {
    if (message.kind === 'finding') find(message.finding);
    else result.progress = message.progress;
    if (message.kind === 'done') result.heap = message.heap;
    if (message.kind === 'progress') onProgress?.(message.progress, message.heap);
  });
  // Out of memory, mostly.
  const targetNow = (): string => result.progress[state[1] ?? 0]?.target ?? 'none';
  worker.on('error', ({ message }: Error) =>
    find({ target: targetNow(), what: `the thread ended: ${message}`, input: inputNow() }),
  );
  let seen = -1;
  const watch = setInterval(() => {
    const begun = Atomics.load(state, 0);
    if (begun === seen && begun > 0) {
      find({ target: targetNow(), what: `no end after ${hangMs / 1000} s`, input: inputNow() });
      void worker.terminate();
    }
    seen = begun;
  }, hangMs);
  await new Promise((resolve) => worker.once('exit', resolve));
  clearInterval(watch);
  return result;
}
