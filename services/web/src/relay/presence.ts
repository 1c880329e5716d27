// Whether a machine is there, as people are told.
import { LIMITS, type MachineInfo } from '@hermit/protocol';

export type Presence = 'online' | 'reconnecting' | 'offline';

/** A machine whose lease has not run out may be back any moment. `now` is in milliseconds since 1970. */
export function presenceOf({ online, lastSeen }: MachineInfo, now: number): Presence {
  if (online) return 'online';
  return lastSeen !== null && now - lastSeen < LIMITS.machineLease ? 'reconnecting' : 'offline';
}
