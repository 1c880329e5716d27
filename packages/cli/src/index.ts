// The command line as a library: to run it inside another process, and to document it.
export { Context, type Streams } from './context.ts';
export { EXIT, EXIT_MEANINGS, Failure } from './failure.ts';
export { programOf, run } from './program.ts';
