#!/usr/bin/env node
// npm start: a relay and an agent on this machine, from nothing. Plain JavaScript for whatever Node there is.
import { installWhatIsMissing } from './setup/install.mjs';
import { handOver, refuseOldNode } from './setup/pinned-node.mjs';

const help = `npm start: starts Hermit on this machine, for you alone: a relay, an agent and the web terminal.

It installs what is missing, creates the first user, enrols this machine, and tells you what to do next.
A second start keeps everything. Ctrl-C stops all of it.

Environment:
  PORT             the relay's port                          3001
  HOST             the address it listens on                 127.0.0.1
  HERMIT_DATA_DIR  where accounts, keys and logs are kept    ~/.local/share/hermit
  HERMIT_EMAIL     e-mail of the first user                  local@hermit.localhost
  HERMIT_NAME      name of this machine                      its host name
  LOG_LEVEL        how much the relay and agent log          info

Examples:
  npm start
  PORT=8080 npm start
  HERMIT_DATA_DIR=/tmp/hermit npm start`;

const args = process.argv.slice(2);
if (args.includes('--help') || args.includes('-h')) {
  console.log(help);
} else if (args.length > 0) {
  console.error(`npm start takes no arguments, and was given "${args.join(' ')}". See npm start -- --help.`);
  process.exitCode = 2;
} else {
  refuseOldNode();
  await installWhatIsMissing();
  handOver('scripts/start/embedded.ts', []);
}
