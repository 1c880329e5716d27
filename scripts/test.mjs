#!/usr/bin/env node
// npm test: everything that can be checked, on real servers. Plain JavaScript for whatever Node there is.
import { installWhatIsMissing } from './setup/install.mjs';
import { handOver, refuseOldNode } from './setup/pinned-node.mjs';

const help = `npm test: checks everything that needs no browser, and closes with the line "N passed, N failed".

Steps, in this order: types, lint, simulation (which begins with them), architecture, unit, contract, integration. And,
when it is named: web, the web terminal in a real Chromium, which is installed first where that is possible.

  npm test                                  all of them
  npm test -- unit contract                 these steps
  npm test -- web                           the web terminal
  npm test -- test/integration/faults       the tests whose path contains this
  npm test -- unit -t offsets               the tests whose name contains this

Redis and Postgres are real: those that TEST_REDIS_URL and TEST_DATABASE_URL name; else containers, where Docker
answers; else local binaries on free ports, which are installed first where that is possible.

Up to five tests of a step on real servers that fail are tried once more, alone, and named if they pass then.`;

const args = process.argv.slice(2);
if (args.includes('--help') || args.includes('-h')) {
  console.log(help);
} else {
  refuseOldNode();
  await installWhatIsMissing();
  handOver('scripts/test/run.ts', args);
}
