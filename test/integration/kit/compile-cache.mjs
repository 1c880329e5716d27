// Preloaded by every process of Hermit under test: keeps what Node compiled, and the types it stripped, for the next
// one. Reading it halves the start of a pod. Written while the process runs, because most of them end by SIGKILL.
import { enableCompileCache, flushCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

/** By then everything is loaded; milliseconds. */
const LOADED = 3_000;

enableCompileCache(fileURLToPath(new URL('../../../node_modules/.cache/hermit-tests', import.meta.url)));
setTimeout(flushCompileCache, LOADED).unref();
