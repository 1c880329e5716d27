// CPU and memory of one part of a contestant, read from /proc or, for a Redis that is not ours, from INFO.
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { memoryReportFile } from './memory-file.ts';
import type { Child } from './processes.ts';

/** /proc/PID/stat counts in USER_HZ, which is 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
/** How long a process may take to collect its garbage and say so. */
const REPORT_MS = 10_000;

/** A process, or a server, whose use of the machine is reported by its role. */
export interface Part {
  readonly role: string;
  cpuSeconds(): Promise<number>;
  /** After a garbage collection, where the part has one. */
  memory(): Promise<Memory>;
}

export interface Memory {
  /** Bytes in use: V8's heap and buffers, or Redis's `used_memory`. Repeats to about a KiB per hundred things. */
  live: number;
  /** Resident bytes: what the machine gives up. Grows in steps of megabytes, so it needs many things to divide by. */
  rss: number;
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

/** CPU seconds of the threads of this name (the first 15 characters count); 0 while there is none. */
export function cpuSecondsOfThread(pid: number, name: string): number {
  let nanoseconds = 0;
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    const at = `/proc/${pid}/task/${task}`;
    if (readFileSync(`${at}/comm`, 'utf8').trim() !== name) continue;
    nanoseconds += Number(readFileSync(`${at}/schedstat`, 'utf8').split(' ')[0]);
  }
  return nanoseconds / 1e9;
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

/** A Node process started through the stage, which answers SIGUSR2 with its memory. */
export function nodePart(child: Child): Part {
  const { role, pid } = child;
  return {
    role,
    cpuSeconds: async () => cpuSecondsOf(pid),
    memory: async () => {
      const file = memoryReportFile(child.directory, pid);
      rmSync(file, { force: true });
      process.kill(pid, 'SIGUSR2');
      const deadline = performance.now() + REPORT_MS;
      while (!existsSync(file)) {
        if (performance.now() > deadline) throw new Error(`${role} does not report its memory.`);
        await delay(5);
      }
      const live = Number(readFileSync(file, 'utf8'));
      rmSync(file, { force: true });
      return { live, rss: rssBytesOf(pid) };
    },
  };
}

/** A Redis of our own: its process, and what it says about its memory. */
export function redisPart(pid: number, redis: Redis): Part {
  return {
    role: 'redis',
    cpuSeconds: async () => cpuSecondsOf(pid),
    memory: async () => ({ live: await infoSum(redis, 'memory', ['used_memory']), rss: rssBytesOf(pid) }),
  };
}

/** A Redis that was started elsewhere: its whole use, whoever else works on it. */
export function sharedRedisPart(redis: Redis): Part {
  return {
    role: 'redis',
    cpuSeconds: () => infoSum(redis, 'cpu', ['used_cpu_sys', 'used_cpu_user']),
    memory: async () => ({
      live: await infoSum(redis, 'memory', ['used_memory']),
      rss: await infoSum(redis, 'memory', ['used_memory_rss']),
    }),
  };
}

async function infoSum(redis: Redis, section: string, fields: string[]): Promise<number> {
  const info = await redis.info(section);
  return fields.reduce((sum, field) => sum + Number(new RegExp(`^${field}:([\\d.]+)`, 'm').exec(info)?.[1] ?? 0), 0);
}

function rssBytesOf(pid: number): number {
  return parseRssBytes(readFileSync(`/proc/${pid}/status`, 'utf8'));
}
