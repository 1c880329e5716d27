// Loaded before a pod (node --import): subscriptions that carry nothing are found within seconds.
import { useLimits } from '@hermit/protocol';
import { SHORT_PROBES } from './short.ts';

useLimits(SHORT_PROBES);
