// What the figures were taken on: machine, versions, commit.
import { spawnSync } from 'node:child_process';
import { cpus, loadavg, release, totalmem } from 'node:os';

export interface Header {
  takenAt: string;
  commit: string;
  /** Whether the working tree differed from the commit. */
  dirty: boolean;
  cpu: string;
  cores: number;
  memoryGiB: number;
  system: string;
  node: string;
  redis: string;
  /** Load average of the last minute before the run: above about 0.2 the machine was not quiet. */
  loadBefore: number;
  mode: 'full' | 'quick';
  seed: number;
}

export function readHeader(given: Pick<Header, 'redis' | 'mode' | 'seed'>): Header {
  const git = (...args: string[]) =>
    spawnSync('git', args, { encoding: 'utf8', cwd: import.meta.dirname }).stdout ?? '';
  const processors = cpus();
  return {
    takenAt: new Date().toISOString(),
    commit: git('rev-parse', 'HEAD').trim() || 'unknown',
    dirty: git('status', '--porcelain').trim() !== '',
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${release().replace(/^(\d+\.\d+).*/, '$1')} ${process.arch}`,
    node: process.version,
    loadBefore: Math.round((loadavg()[0] ?? 0) * 100) / 100,
    ...given,
  };
}
