#!/usr/bin/env node
// The hermit command: the process, and nothing else.
import { Context } from './context.ts';
import { run } from './program.ts';

// Timers and closed sockets keep no process alive; a command that waits for a reconnect has to.
const alive = setInterval(() => {}, 2 ** 30);
const code = await run(new Context(process.env, process), process.argv.slice(2));
clearInterval(alive);
// What was sent last still leaves; what is not needed (a closing handshake) is not waited for.
setImmediate(() => process.exit(code));
