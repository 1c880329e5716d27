// Loaded before a process (node --import): sockets that have fallen silent are found within seconds.
import { useLimits } from '@hermit/protocol';
import { SHORT } from './short.ts';

useLimits(SHORT);
