#!/usr/bin/env node
// npm run soak: the simulation over very many schedules, then the integration tests with their long forms.
import { installWhatIsMissing } from './setup/install.mjs';
import { handOver, refuseOldNode } from './setup/pinned-node.mjs';

const help = `npm run soak: searches for rare failures, for as long as it takes.

  npm run soak                          simulation, then integration
  npm run soak -- simulation            one of them

Environment:
  HERMIT_SIM_SCHEDULES   how many random schedules the simulation runs    100000`;

const args = process.argv.slice(2);
if (args.includes('--help') || args.includes('-h')) {
  console.log(help);
} else {
  process.env.HERMIT_SOAK ??= '1';
  process.env.HERMIT_SIM_SCHEDULES ??= '100000';
  refuseOldNode();
  await installWhatIsMissing();
  handOver('scripts/test/run.ts', args.length > 0 ? args : ['simulation', 'integration']);
}
