// The four tables of a fleet: what their columns say, how they sort, what a filter looks at.
import { describeExit } from '../attaching/outcome.ts';
import type { Style } from '../output/style.ts';
import type { AttachmentEntry, Fleet, MachineEntry, PodEntry, SessionEntry } from './fleet.ts';
import { count, duration, rate } from './quantities.ts';

export const VIEW_NAMES = ['machines', 'sessions', 'attachments', 'pods'] as const;
export type ViewName = (typeof VIEW_NAMES)[number];

/** Bytes in and out of a pod, in a second; measured between two looks. */
type Rates = ReadonlyMap<string, { in: number; out: number }>;
export type Moment = { fleet: Fleet; rates: Rates; machines: ReadonlyMap<string, MachineEntry> };

type ViewColumn<T> = {
  title: string;
  text: (row: T, moment: Moment) => string;
  /** What it sorts by. */
  order: (row: T, moment: Moment) => string | number;
  /** The greatest first. */
  falling?: boolean;
  align?: 'right';
  shrinks?: boolean;
  paint?: (row: T, moment: Moment, style: Style) => ((text: string) => string) | undefined;
};

export type View<T> = {
  name: ViewName;
  rows: (fleet: Fleet) => readonly T[];
  columns: readonly ViewColumn<T>[];
  /** The column it is sorted by at first. */
  sort: string;
  /** Texts that a filter looks through. */
  texts: (row: T, moment: Moment) => readonly (string | undefined)[];
};

/** A lease with less than this left is not being renewed; milliseconds. */
const MACHINE_LATE = 15_000;
const POD_LATE = 7_000;

const brief = (id: string) => id.slice(0, 8);
const nameOf = (machineId: string, { machines }: Moment) => machines.get(machineId)?.name ?? brief(machineId);
const dim = (_row: unknown, _moment: Moment, style: Style) => style.dim;
const bold = (_row: unknown, _moment: Moment, style: Style) => style.bold;
const late =
  (bound: number) =>
  (row: { until: number }, { fleet }: Moment, style: Style) =>
    row.until - fleet.at < bound ? style.red : style.dim;

const lease = (bound: number) => ({
  title: 'LEASE',
  align: 'right' as const,
  text: (row: { until: number }, { fleet }: Moment) => duration(row.until - fleet.at),
  order: (row: { until: number }) => row.until,
  paint: late(bound),
});

const figure = (title: string, of: (pod: PodEntry) => number): ViewColumn<PodEntry> => ({
  title,
  align: 'right',
  falling: true,
  text: (pod) => count(of(pod)),
  order: of,
});

type Measured = { in: number; out: number } | undefined;
const traffic = (title: string, of: (measured: Measured) => number | undefined): ViewColumn<PodEntry> => ({
  title,
  align: 'right',
  falling: true,
  text: ({ id }, { rates }) => rate(of(rates.get(id))),
  order: ({ id }, { rates }) => of(rates.get(id)) ?? 0,
});

const pods: View<PodEntry> = {
  name: 'pods',
  sort: 'POD',
  rows: (fleet) => fleet.pods,
  texts: ({ id, version }) => [id, version],
  columns: [
    { title: 'POD', shrinks: true, text: ({ id }) => id, order: ({ id }) => id, paint: bold },
    {
      title: 'STATE',
      text: ({ draining }) => (draining ? 'draining' : 'serving'),
      order: ({ draining }) => (draining ? 0 : 1),
      paint: ({ draining }, _, style) => (draining ? style.yellow : style.green),
    },
    figure('MACHINES', ({ agents }) => agents),
    figure('SESSIONS', (pod) => pod.sessions),
    figure('CLIENTS', ({ clients }) => clients),
    figure('VIEWS', (pod) => pod.attachments),
    traffic('IN', (measured) => measured?.in),
    traffic('OUT', (measured) => measured?.out),
    {
      title: 'UP',
      align: 'right',
      falling: true,
      text: ({ started }, { fleet }) => duration(fleet.at - started),
      order: ({ started }) => -started,
      paint: dim,
    },
    lease(POD_LATE),
    { title: 'VERSION', text: ({ version }) => version, order: ({ version }) => version, paint: dim },
  ],
};

const machines: View<MachineEntry> = {
  name: 'machines',
  sort: 'MACHINE',
  rows: (fleet) => fleet.machines,
  texts: ({ id, name, userId, pod }) => [id, name, userId, pod],
  columns: [
    { title: 'MACHINE', shrinks: true, text: ({ name }) => name, order: ({ name }) => name, paint: bold },
    {
      title: 'SESSIONS',
      align: 'right',
      falling: true,
      text: ({ sessionCount }) => count(sessionCount),
      order: ({ sessionCount }) => sessionCount,
      paint: ({ sessionCount }, _, style) => (sessionCount === 0 ? style.dim : undefined),
    },
    {
      title: 'ATTACHED',
      align: 'right',
      falling: true,
      text: ({ attachmentCount }) => count(attachmentCount),
      order: ({ attachmentCount }) => attachmentCount,
      paint: ({ attachmentCount }, _, style) => (attachmentCount === 0 ? style.dim : style.green),
    },
    { title: 'POD', shrinks: true, text: ({ pod }) => pod, order: ({ pod }) => pod },
    {
      title: 'ONLINE',
      align: 'right',
      falling: true,
      text: ({ connectedAt }, { fleet }) => duration(fleet.at - connectedAt),
      order: ({ connectedAt }) => -connectedAt,
    },
    lease(MACHINE_LATE),
    { title: 'OWNER', text: ({ userId }) => brief(userId), order: ({ userId }) => userId, paint: dim },
    { title: 'AGENT', text: ({ agentVersion }) => agentVersion, order: ({ agentVersion }) => agentVersion, paint: dim },
    { title: 'ID', text: ({ id }) => brief(id), order: ({ id }) => id, paint: dim },
  ],
};

const sessions: View<SessionEntry> = {
  name: 'sessions',
  sort: 'MACHINE',
  rows: (fleet) => fleet.sessions,
  texts: (row, moment) => [row.id, row.name, row.command, row.title, row.machineId, nameOf(row.machineId, moment)],
  columns: [
    {
      title: 'MACHINE',
      shrinks: true,
      text: ({ machineId }, moment) => nameOf(machineId, moment),
      order: ({ machineId }, moment) => nameOf(machineId, moment),
      paint: bold,
    },
    { title: 'SESSION', shrinks: true, text: ({ name }) => name, order: ({ name }) => name },
    {
      title: 'STATE',
      text: ({ exit }) => (exit ? `ended ${describeExit(exit).replace('with status ', '')}` : 'running'),
      order: ({ exit }) => (exit ? 1 : 0),
      paint: ({ exit }, _, style) => (exit ? style.dim : style.green),
    },
    {
      title: 'ATTACHED',
      align: 'right',
      falling: true,
      text: ({ attachedClients }) => count(attachedClients),
      order: ({ attachedClients }) => attachedClients,
      paint: ({ attachedClients }, _, style) => (attachedClients === 0 ? style.dim : undefined),
    },
    { title: 'COMMAND', shrinks: true, text: ({ command }) => command, order: ({ command }) => command },
    { title: 'SIZE', text: ({ cols, rows }) => `${cols}x${rows}`, order: ({ cols, rows }) => cols * rows, paint: dim },
    {
      title: 'AGE',
      align: 'right',
      falling: true,
      text: ({ createdAt }, { fleet }) => duration(fleet.at - createdAt),
      order: ({ createdAt }) => -createdAt,
    },
    { title: 'ID', text: ({ id }) => brief(id), order: ({ id }) => id, paint: dim },
  ],
};

const attachments: View<AttachmentEntry> = {
  name: 'attachments',
  sort: 'MACHINE',
  rows: (fleet) => fleet.attachments,
  texts: (row, moment) => [row.id, row.sessionId, row.userId, row.pod, row.machineId, nameOf(row.machineId, moment)],
  columns: [
    {
      title: 'MACHINE',
      shrinks: true,
      text: ({ machineId }, moment) => nameOf(machineId, moment),
      order: ({ machineId }, moment) => nameOf(machineId, moment),
      paint: bold,
    },
    { title: 'SESSION', text: ({ sessionId }) => brief(sessionId), order: ({ sessionId }) => sessionId },
    {
      title: 'MAY',
      text: ({ readOnly }) => (readOnly ? 'look' : 'type'),
      order: ({ readOnly }) => (readOnly ? 1 : 0),
      paint: ({ readOnly }, _, style) => (readOnly ? style.dim : style.green),
    },
    { title: 'USER', text: ({ userId }) => brief(userId), order: ({ userId }) => userId },
    { title: 'VIEWER POD', shrinks: true, text: ({ pod }) => pod, order: ({ pod }) => pod },
    {
      title: 'MACHINE POD',
      shrinks: true,
      text: ({ machineId }, moment) => moment.machines.get(machineId)?.pod ?? '',
      order: ({ machineId }, moment) => moment.machines.get(machineId)?.pod ?? '',
    },
    {
      title: 'SINCE',
      align: 'right',
      falling: true,
      text: ({ since }, { fleet }) => duration(fleet.at - since),
      order: ({ since }) => -since,
    },
    { title: 'ID', text: ({ id }) => brief(id), order: ({ id }) => id, paint: dim },
  ],
};

// biome-ignore lint/suspicious/noExplicitAny: each view knows the type of its own rows
export const VIEWS: Record<ViewName, View<any>> = { machines, sessions, attachments, pods };

export function momentOf(fleet: Fleet, before?: Fleet): Moment {
  return {
    fleet,
    rates: ratesOf(fleet, before),
    machines: new Map(fleet.machines.map((machine) => [machine.id, machine])),
  };
}

function ratesOf(fleet: Fleet, before: Fleet | undefined): Rates {
  const rates = new Map<string, { in: number; out: number }>();
  const elapsed = (fleet.at - (before?.at ?? fleet.at)) / 1000;
  if (before === undefined || elapsed <= 0) return rates;
  const earlier = new Map(before.pods.map((pod) => [pod.id, pod]));
  for (const pod of fleet.pods) {
    const was = earlier.get(pod.id);
    if (was?.started !== pod.started) continue; // another process of the same name
    rates.set(pod.id, { in: (pod.bytesIn - was.bytesIn) / elapsed, out: (pod.bytesOut - was.bytesOut) / elapsed });
  }
  return rates;
}

export type Order = { column: string; reversed: boolean };

/** The rows that a filter leaves, in order; equal ones by what comes first in the table. */
export function arranged<T>(view: View<T>, moment: Moment, filter: string, { column: title, reversed }: Order): T[] {
  const wanted = filter.toLowerCase();
  const rows = view
    .rows(moment.fleet)
    .filter((row) => wanted === '' || view.texts(row, moment).some((text) => text?.toLowerCase().includes(wanted)));
  const first = view.columns[0] as ViewColumn<T>;
  const column = view.columns.find((each) => each.title === title) ?? first;
  const sign = (column.falling === true) === reversed ? 1 : -1;
  const compare = (by: ViewColumn<T>, a: T, b: T) => compared(by.order(a, moment), by.order(b, moment));
  return rows.sort((a, b) => sign * compare(column, a, b) || compare(first, a, b));
}

function compared(a: string | number, b: string | number): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [left, right] = [String(a), String(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}
