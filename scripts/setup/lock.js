import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

/** A holder that is silent for this long is no holder, even if its process id is in use (again). */
const STALE_AFTER_MS = 30 * 60_000;
const POLL_MS = 200;

/**
 * Runs `task` while holding the lock file, one process at a time. The file names the processes that hold it, so that one
 * that was killed holds nothing. A child that outlives a killed parent still does: `task` names its children by `claimFor`.
 * @param {string} file
 * @param {(line: string) => void} say
 * @param {(claimFor: (pid: number) => void) => Promise<void>} task
 */
export async function underLock(file, say, task) {
  await acquire(file, say);
  try {
    await task((pid) => writeFileSync(file, `${process.pid} ${pid}`));
  } finally {
    rmSync(file, { force: true });
  }
}

/**
 * @param {string} file
 * @param {(line: string) => void} say
 */
async function acquire(file, say) {
  let waiting = false;
  for (;;) {
    const holders = readHolders(file);
    if (holders === undefined) {
      if (create(file)) {
        // Another may have judged the former lock stale at the same moment and removed this one: the last to write has it.
        await wait(POLL_MS);
        if (readHolders(file)?.[0] === process.pid) return;
      }
    } else if (isStale(file, holders)) {
      rmSync(file, { force: true });
    } else {
      if (!waiting) say(`another setup is running (process ${holders[0]}); waiting for it. If there is none, delete ${file}.`);
      waiting = true;
      await wait(POLL_MS);
    }
  }
}

/** @param {string} file */
function create(file) {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch {
    if (readHolders(file) === undefined)
      throw new Error(`${file} cannot be written; the checkout must be writable to install into it.`);
    return false;
  }
}

/**
 * Process ids of the holders; undefined where there is no lock.
 * @param {string} file
 */
function readHolders(file) {
  try {
    return readFileSync(file, 'utf8').split(' ').map(Number);
  } catch {
    return undefined;
  }
}

/**
 * @param {string} file
 * @param {number[]} holders
 */
function isStale(file, holders) {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat === undefined || Date.now() - stat.mtimeMs > STALE_AFTER_MS || !holders.some(isAlive);
}

/** @param {number} pid */
function isAlive(pid) {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Not permitted to signal it: it lives, as somebody else's.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
