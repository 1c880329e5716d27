// CPU and memory of one part of a contestant, read from /proc or, for a Redis that is not ours, from INFO.
import { readdirSync, readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';

/** /proc/PID/stat counts in USER_HZ, which is 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** A process, or a server, whose use of the machine is reported by its role. */
export interface Part {
  readonly role: string;
  cpuSeconds(): Promise<number>;
  rssBytes(): Promise<number>;
  /** Collects garbage where the part has any. */
  collect(): void;
}

/** User and system seconds of all threads that are alive, from the scheduler's nanoseconds. */
export function cpuSecondsOf(pid: number): number {
  try {
    let nanoseconds = 0;
    for (const task of readdirSync(`/proc/${pid}/task`)) {
      nanoseconds += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]);
    }
    if (nanoseconds > 0) return nanoseconds / 1e9;
  } catch {
    // A kernel without schedstat: ticks, below.
  }
  return parseStatSeconds(readFileSync(`/proc/${pid}/stat`, 'utf8'));
}

/** `utime + stime` of a /proc/PID/stat line; the command's name may hold blanks and parentheses. */
export function parseStatSeconds(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** `VmRSS` of a /proc/PID/status, in bytes. */
export function parseRssBytes(status: string): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
}

/** A Node process started with the benchmark's flags, or any other process (`collects: false`). */
export function processPart(role: string, pid: number, collects: boolean): Part {
  return {
    role,
    cpuSeconds: async () => cpuSecondsOf(pid),
    rssBytes: async () => parseRssBytes(readFileSync(`/proc/${pid}/status`, 'utf8')),
    collect: () => {
      if (collects) process.kill(pid, 'SIGUSR2');
    },
  };
}

/** A Redis that was started elsewhere: its whole use, whoever else works on it. */
export function redisInfoPart(redis: Redis): Part {
  const number = async (section: string, fields: string[]) => {
    const info = await redis.info(section);
    return fields.reduce((sum, field) => sum + Number(new RegExp(`^${field}:([\\d.]+)`, 'm').exec(info)?.[1] ?? 0), 0);
  };
  return {
    role: 'redis',
    cpuSeconds: () => number('cpu', ['used_cpu_sys', 'used_cpu_user']),
    rssBytes: () => number('memory', ['used_memory_rss']),
    collect: () => undefined,
  };
}
