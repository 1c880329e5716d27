#!/usr/bin/env node
// The hermit command: the process, and nothing else.
import { enableCompileCache } from 'node:module';

// What is compiled once need not be compiled for every command; it halves the time to the first byte.
enableCompileCache();
// Output may flood here as well.
await import('@hermit/transport/collector');
const { Context } = await import('./context.ts');
const { run } = await import('./program.ts');

// Whoever reads has gone (`hermit machines | head -1`): 128 + SIGPIPE, and no word about it.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 141 : 1));
// Timers and closed sockets keep no process alive; a command that waits for a reconnect has to.
const alive = setInterval(() => {}, 2 ** 30);
const code = await run(new Context(process.env, process), process.argv.slice(2));
// A pipe takes what its reader has read: however slow that is, nothing that was written is cut off.
for (const stream of [process.stdout, process.stderr]) await new Promise((done) => stream.write('', done));
clearInterval(alive);
// What was sent last still leaves; what is not needed (a closing handshake) is not waited for.
setImmediate(() => process.exit(code));
