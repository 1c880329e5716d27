// Imported for its effect, and first, by processes that carry floods: keeps V8's young generation small.
//
// Each piece that is read from a socket or a PTY is a buffer outside V8's heap, dead as soon as it has been sent on. V8
// counts those buffers, and collects everything when some tens of megabytes of them have come. Collecting the young would
// free them, but a flood makes so few objects that a nursery of 32 MiB fills once in many seconds: a flood of 30 MB/s was a
// full collection every second, on helping threads, in each process on its way. A nursery of 1 MiB is collected several
// times a second, each time in half a millisecond, and 60 MB of memory stay unused.
//
// V8 asks for the factor whenever it considers growing, so it need not be a flag of the command that starts us.
import { setFlagsFromString } from 'node:v8';

setFlagsFromString('--semi-space-growth-factor=1');
