// Whose size counts, and who drives: pure decisions. Read-only attachments have no say in either.
import type { Size, SizePolicy } from '@hermit/protocol';

export type Seat = {
  id: string;
  readOnly: boolean;
  /** What the viewer's own window measures; null when it has not said. */
  size: Size | null;
  /** When it typed last, and when it came; a serial, greater is later. */
  typed: number;
  since: number;
};

/** The attachment that drives: who does already, else who typed last, else who came first. */
export function driverOf(seats: readonly Seat[], current: string | null): string | null {
  const able = seats.filter((s) => !s.readOnly);
  if (current !== null && able.some((s) => s.id === current)) return current;
  let best: Seat | null = null;
  for (const s of able) {
    if (best === null || s.typed > best.typed || (s.typed === best.typed && s.since < best.since)) best = s;
  }
  return best?.id ?? null;
}

/**
 * The size of the terminal; `current` when nobody has a say. By `latest`, who comes and only looks changes nothing
 * for who is there.
 */
export function sizeOf(policy: SizePolicy, seats: readonly Seat[], driver: string | null, current: Size): Size {
  const able = seats.filter((s): s is Seat & { size: Size } => !s.readOnly && s.size !== null);
  if (policy === 'fixed' || able.length === 0) return current;
  if (policy === 'smallest') {
    return { cols: Math.min(...able.map((s) => s.size.cols)), rows: Math.min(...able.map((s) => s.size.rows)) };
  }
  if (policy === 'driver') return able.find((s) => s.id === driver)?.size ?? current;
  let latest = able[0] as Seat & { size: Size };
  for (const s of able) if (s.typed > latest.typed || (s.typed === latest.typed && s.since < latest.since)) latest = s;
  return latest.size;
}
