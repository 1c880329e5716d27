// Loaded before a pod (node --import): leases that end within seconds, so that a test can see them end.
import { useLimits } from '@hermit/protocol';

useLimits({ machineLease: 6_000, machineRenew: 2_000, podLease: 3_000, podRenew: 1_000 });
