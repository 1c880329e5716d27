// Loaded before a process (node --import): what has fallen silent is found within seconds, so that a test can see it found.
import { useLimits } from '@hermit/protocol';
import { SHORT } from './short.ts';

useLimits(SHORT);
