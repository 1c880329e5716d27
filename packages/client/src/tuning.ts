// The numbers of a client, for those who run it on other scales (a simulation).
import { LIMITS } from '@hermit/protocol';

export type Tuning = {
  /** FL-4: an acknowledgement leaves after this time, or at once after so many bytes. */
  ackDelay: number;
  ackBytes: number;
  /** FL-4: the same time for less than so many bytes: the echo of what a person types. */
  ackLittleDelay: number;
  ackLittle: number;
  /** After a pause: less than the least window, whose sender would wait for the delay. */
  ackBytesLeast: number;
  /** The same for a snapshot, whose first window is small: somebody waits for a screen. */
  ackSnapshotBytes: number;
  /** CU-4: attachments are leases; acknowledge at least this often. */
  ackKeepalive: number;
  attachRetry: number;
  /** IN-1. */
  inputRetry: number;
  /** The wait doubles up to here while nothing is acknowledged: the program may not read its input. */
  inputRetryMax: number;
  inputQueue: number;
  inputFrame: number;
  /** What may wait for a view; past it, bytes are dropped and asked for again. Far above any window. */
  viewBound: number;
  /** After a gap, attach anew at most this often. */
  gapPause: number;
  /** A socket that is being left closes after this time at the latest. */
  leaveGrace: number;
};

/** Read when a connection begins, because limits may be replaced (`useLimits`). */
export function tuningOf(changed: Partial<Tuning> = {}): Tuning {
  return {
    ackDelay: LIMITS.ackDelay,
    ackBytes: LIMITS.ackBytes,
    ackLittleDelay: LIMITS.ackLittleDelay,
    ackLittle: LIMITS.ackLittle,
    ackBytesLeast: LIMITS.windowMin,
    ackSnapshotBytes: LIMITS.windowStart / 2,
    ackKeepalive: LIMITS.ackKeepalive,
    attachRetry: LIMITS.attachRetry,
    inputRetry: LIMITS.inputRetry,
    inputRetryMax: 8 * LIMITS.inputRetry,
    inputQueue: LIMITS.inputQueue,
    inputFrame: LIMITS.inputFrame,
    viewBound: 8 * LIMITS.windowMax,
    gapPause: 100,
    leaveGrace: 10_000,
    ...changed,
  };
}
