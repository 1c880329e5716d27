#!/usr/bin/env node
// What is started. The nursery has grown before anything else could be set, were the rest loaded at once.
import '@hermit/transport/collector';

await import('./process.ts');
