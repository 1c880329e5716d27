// Imported for its effect, and first, by processes that carry floods: sets V8's collector up for them.
//
// Each piece that is read from a socket or a PTY is a buffer outside V8's heap, dead as soon as it has been sent on. V8
// counts those buffers as if they were heap, and collects everything, on helping threads too, when enough have come: with
// its own settings every 8 to 30 MB of a flood, which was up to half of a process's CPU.
//
// V8 asks for both settings whenever it decides, so they need not be flags of the command that starts us.
import { setFlagsFromString } from 'node:v8';

// Collecting the young frees those buffers, but a flood makes so few objects that a nursery of 32 MiB fills once in many
// seconds. One of 1 MiB is collected several times a second, in half a millisecond, and 60 MB of memory stay unused.
setFlagsFromString('--semi-space-growth-factor=1');

// A process that has been quiet is let grow by only a third before the next full collection: 8 MB of buffers for a pod,
// whose heap then takes 50 ms to be looked through. It may double; limits of the process stay what they are.
setFlagsFromString('--heap-growing-percent=100');
