// Prints a file, repeated, at a steady rate; when the terminal does not take it, it waits and never catches up in a burst.
import { readFileSync, writeSync } from 'node:fs';

const [file = '', total = '0', rate = '1'] = process.argv.slice(2);
const TICK_MS = 10;
/** How far behind its schedule it may run before it gives the lost time up. */
const BURST_MS = 100;
/** It does not wake for less than this many bytes. */
const LEAST = 1_024;

const content = readFileSync(file);
const bytesPerMs = Number(rate) / 1000;
const burst = BURST_MS * bytesPerMs;
const sleeper = new Int32Array(new SharedArrayBuffer(4));
const startedAt = performance.now();
let printed = 0;
let scheduled = 0;

// Standard output is a terminal, so writeSync blocks while nobody reads.
while (printed < Number(total)) {
  const due = (performance.now() - startedAt) * bytesPerMs - scheduled;
  if (due > burst) scheduled += due - burst;
  const left = Number(total) - printed;
  if (due < Math.min(LEAST, left)) {
    Atomics.wait(sleeper, 0, 0, TICK_MS);
    continue;
  }
  const at = printed % content.length;
  const wrote = writeSync(1, content, at, Math.floor(Math.min(due, burst, left, content.length - at)));
  printed += wrote;
  scheduled += wrote;
}
