// Loaded first into every measured Node process: SIGUSR2 collects garbage and writes down what is still in use, but for
// compiled code, which V8 makes and drops as it sees fit: a hundred KiB now or later are no cost of an agent or a session.
// SIGPWR ends it, and keeps what Node has compiled for the next start. That takes seconds: it is asked for when whatever the
// process was for has been measured.

import { renameSync, writeFileSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { getHeapSpaceStatistics } from 'node:v8';
import { MEMORY_DIRECTORY, memoryReportFile } from './memory-file.ts';

const directory = process.env[MEMORY_DIRECTORY] ?? '';

enableCompileCache(join(directory, 'compiled'));
// Node writes it when a process ends by itself.
process.once('SIGPWR', () => process.exit(0));

process.on('SIGUSR2', () => {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  const file = memoryReportFile(directory, process.pid);
  writeFileSync(`${file}.new`, String(heapUsed + external - compiledCode()));
  // Whoever reads it never sees half of it.
  renameSync(`${file}.new`, file);
});

/** Bytes of machine code, bytecode and what belongs to it. */
function compiledCode(): number {
  return getHeapSpaceStatistics()
    .filter(({ space_name: name }) => name.startsWith('code_') || name.startsWith('trusted_'))
    .reduce((sum, { space_used_size: size }) => sum + size, 0);
}
