// The limits of the simulation: the same code with small numbers, so that rare paths are common. Imported before
// anything that reads a limit while it is loaded.
import { useLimits } from '@hermit/protocol';

useLimits({
  frame: 64,
  snapshotChunk: 32,
  inputFrame: 4,
  replay: 480,
  snapshotScrollback: 10,
  windowMin: 64,
  windowStart: 96,
  windowMax: 256,
  socketBound: 700,
  ackBytes: 64,
  attachmentLease: 6_000,
  ackKeepalive: 2_000,
  inputQueue: 24,
  pingEvery: 1_000,
  deadAfter: 4_500,
  introduction: 2_500,
  reconnectMin: 100,
  reconnectMax: 1_000,
  machineLease: 3_000,
  machineRenew: 1_000,
  podLease: 3_000,
  podRenew: 1_000,
  register: 1_500,
  linkBound: 400,
  quantum: 128,
  small: 32,
  screenBacklog: 600,
  unreadInput: 16,
});
