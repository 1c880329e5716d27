// What is shared, as tables: what was received, then what was given.
import type { GivenShare, ReceivedShare } from '@hermit/client';
import { until } from './age.ts';
import type { Look } from './listing.ts';
import { table } from './table.ts';

export function shareTables(
  { received, given }: { received: readonly ReceivedShare[]; given: readonly GivenShare[] },
  { style, width, now }: Look,
): string[] {
  const columns = (who: string) => [
    { title: who, shrinks: true, style: style.bold },
    { title: 'ROLE' },
    { title: 'MACHINE', shrinks: true },
    { title: 'SESSION', shrinks: true },
    { title: 'ENDS', style: style.dim },
    { title: 'ID', style: style.dim },
  ];
  const theirs = received.map((s) => [
    ...[s.ownerEmail, s.role, s.machineName, s.session?.name ?? s.sessionId],
    ...[until(s.expiresAt, now), s.id],
  ]);
  const mine = given.map((s) => [
    ...[s.email ?? 'a link', s.role, s.machineName, s.sessionId],
    ...[until(s.expiresAt, now), s.id],
  ]);
  return [
    ...(theirs.length > 0 ? table(columns('FROM'), theirs, width) : []),
    ...(theirs.length > 0 && mine.length > 0 ? [''] : []),
    ...(mine.length > 0 ? table(columns('WITH'), mine, width) : []),
  ];
}
