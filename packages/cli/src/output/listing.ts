// Machines and sessions as tables.
import type { MachineInfo, SessionInfo } from '@hermit/protocol';
import { describeExit } from '../attaching/outcome.ts';
import { age } from './age.ts';
import type { Style } from './style.ts';
import { table } from './table.ts';

export type Look = { style: Style; width: number; now: number };

export function machineTable(machines: readonly MachineInfo[], { style, width, now }: Look): string[] {
  const sorted = [...machines].sort((a, b) => a.name.localeCompare(b.name));
  const online = (row: number) => sorted[row]?.online === true;
  return table(
    [
      { title: 'NAME', shrinks: true, style: style.bold },
      { title: 'STATE', style: (text, row) => (online(row) ? style.green(text) : style.dim(text)) },
      { title: 'SESSIONS', align: 'right' },
      { title: 'LAST SEEN', style: style.dim },
      { title: 'ID', style: style.dim },
    ],
    sorted.map((m) => [
      m.name,
      m.online ? 'online' : 'offline',
      String(m.sessionCount),
      m.online ? 'now' : m.lastSeen === null ? 'never' : age(m.lastSeen, now),
      m.id,
    ]),
    width,
  );
}

export function sessionTable(sessions: readonly SessionInfo[], { style, width, now }: Look): string[] {
  const sorted = [...sessions].sort((a, b) => a.createdAt - b.createdAt);
  return table(
    [
      { title: 'NAME', shrinks: true, style: style.bold },
      { title: 'STATE', style: (text, row) => (sorted[row]?.exit ? style.dim(text) : style.green(text)) },
      { title: 'COMMAND', shrinks: true },
      { title: 'SIZE', style: style.dim },
      { title: 'ATTACHED', align: 'right' },
      { title: 'STARTED', style: style.dim },
      { title: 'ID', style: style.dim },
    ],
    sorted.map((s) => [
      s.name,
      s.exit ? `ended ${describeExit(s.exit).replace('with status ', '')}` : 'running',
      s.command,
      `${s.cols}x${s.rows}`,
      String(s.attachedClients),
      age(s.createdAt, now),
      s.id,
    ]),
    width,
  );
}
