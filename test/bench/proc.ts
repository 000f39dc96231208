import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/* What Linux knows of a process, ours or another's (proc(5)). */

const MEBIBYTE = 1024 * 1024;
/** utime and stime count in these; sysconf(_SC_CLK_TCK) is 100 on all of Linux. */
const MS_PER_TICK = 10;

/** Processor time of all its threads since they started, milliseconds; those that ended are not in it. */
export function cpuMs(pid: number): number {
  let nanoseconds = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const [running] = read(`/proc/${pid}/task/${thread}/schedstat`)?.split(' ') ?? [];
    if (running === undefined) return cpuMsInTicks(pid);
    nanoseconds += Number(running);
  }
  return nanoseconds / 1e6;
}

/** Where the system keeps no schedstat. */
function cpuMsInTicks(pid: number): number {
  const fields = (read(`/proc/${pid}/stat`) ?? '').replace(/^.*\) /, '').split(' ');
  return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
}

/** Resident memory, MiB. */
export function residentMb(pid: number): number {
  const [, kilobytes = '0'] = /^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`) ?? '') ?? [];
  return (Number(kilobytes) * 1024) / MEBIBYTE;
}

/** Datagrams that UDP sockets of the process had no room for, since they were opened. */
export function udpDrops(pid: number): number {
  const inodes = new Set<string>();
  for (const descriptor of readdirSync(`/proc/${pid}/fd`)) {
    const [, inode] = /^socket:\[(\d+)\]$/.exec(link(`/proc/${pid}/fd/${descriptor}`)) ?? [];
    if (inode !== undefined) inodes.add(inode);
  }
  let drops = 0;
  for (const line of (read('/proc/net/udp') ?? '').split('\n').slice(1)) {
    const fields = line.trim().split(/\s+/);
    if (inodes.has(fields[9] ?? '')) drops += Number(fields[12]);
  }
  return drops;
}

/** Undefined for what is gone meanwhile. */
function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
