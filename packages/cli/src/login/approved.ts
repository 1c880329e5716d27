// Waits until somebody has decided about the code that a device shows.
import { setTimeout as delay } from 'node:timers/promises';
import type { DeviceOutcome, DeviceRequest, RelayApi } from '@hermit/client';
import { HermitError } from '@hermit/protocol';
import { EXIT, Failure } from '../failure.ts';

/** Throws a Failure when nobody does in time. */
export async function approved(
  api: Pick<RelayApi, 'deviceOutcome'>,
  { secret, interval, expiresAt }: Pick<DeviceRequest, 'secret' | 'interval' | 'expiresAt'>,
): Promise<Exclude<DeviceOutcome, { status: 'pending' }>> {
  let seconds = interval;
  for (;;) {
    await delay(seconds * 1000);
    try {
      const outcome = await api.deviceOutcome(secret);
      if (outcome.status !== 'pending') return outcome;
      seconds = outcome.interval;
    } catch (error) {
      if (!(error instanceof HermitError)) throw error;
      if (error.code === 'NOT_FOUND') break;
      // A pod that is away, or asked too often: the code is still good.
      if (error.code !== 'UNAVAILABLE' && error.code !== 'RATE_LIMITED') throw error;
      seconds = Math.min(seconds * 2, 30);
    }
    if (Date.now() > expiresAt + 30_000) break;
  }
  throw new Failure(EXIT.refused, 'Nobody approved the code in time.', 'Begin anew: codes are good for ten minutes.');
}
