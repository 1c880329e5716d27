// Loaded first into every measured Node process: SIGUSR2 collects garbage and writes down what is still in use, but for
// compiled code, which V8 makes and drops as it sees fit: a hundred KiB now or later are no cost of an agent or a session.
// Also keeps what Node has compiled for the next start, which is not what is measured.

import { renameSync, writeFileSync } from 'node:fs';
import { enableCompileCache, flushCompileCache } from 'node:module';
import { join } from 'node:path';
import { getHeapSpaceStatistics } from 'node:v8';
import { MEMORY_DIRECTORY, memoryReportFile } from './memory-file.ts';

const directory = process.env[MEMORY_DIRECTORY] ?? '';
/** By then everything is loaded; milliseconds. Most of these processes end by SIGKILL. */
const LOADED = 2_500;

enableCompileCache(join(directory, 'compiled'));
setTimeout(flushCompileCache, LOADED).unref();

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
