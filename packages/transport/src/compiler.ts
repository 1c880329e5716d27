// When V8 optimizes the code of processes that people type through.
import { setFlagsFromString } from 'node:v8';

/**
 * From now on what is called often is compiled after a quarter, and optimized after half, of the calls that V8 waits for by
 * itself: at the pace of somebody who types those are minutes, in which each key takes longer in every process on its way.
 * While a process starts it would only cost, since little of what runs then runs again.
 */
export function compileSoon(): void {
  for (const flag of ['for-maglev=100', 'for-turbofan=1500']) setFlagsFromString(`--invocation-count-${flag}`);
  // Code that had to be given up again, for what it had not seen, is tried again as soon.
  setFlagsFromString('--minimum-invocations-after-ic-update=100');
}
