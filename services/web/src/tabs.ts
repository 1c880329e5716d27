// The sessions open in this browser tab, in the order of their tabs; kept over a reload.

import { isUuid } from '@hermit/protocol';
import { effect, signal } from '@preact/signals';
import { go, route } from './router.ts';
import { terminalPath } from './routes.ts';

export type Tab = { readonly machineId: string; readonly sessionId: string };
type Kept = Tab & { title?: unknown };

const KEY = 'hermit.tabs';
/** Whose they are. */
const OWNER = 'hermit.tabs.owner';
/** Each is an attachment, a terminal and its scrollback. */
const MOST_TABS = 24;

function kept(): Kept[] {
  try {
    const value = JSON.parse(sessionStorage.getItem(KEY) ?? '[]') as Kept[];
    return value.filter(({ machineId, sessionId }) => isUuid(machineId) && isUuid(sessionId)).slice(0, MOST_TABS);
  } catch {
    return [];
  }
}

const before = kept();
export const tabs = signal<readonly Tab[]>(before.map(({ machineId, sessionId }) => ({ machineId, sessionId })));
/** What each tab is called, by session; the terminal tells, once it is shown. */
export const titles = signal<ReadonlyMap<string, string>>(
  new Map(before.flatMap(({ sessionId, title }) => (typeof title === 'string' ? [[sessionId, title] as const] : []))),
);
/** Sessions that rang, or ended, while nobody looked. */
export const marked = signal<ReadonlySet<string>>(new Set());

/** Closed here: going back does not open them again. */
const closed = new Set<string>();

effect(() => {
  const named = tabs.value.map((tab) => ({ ...tab, title: titles.value.get(tab.sessionId) }));
  sessionStorage.setItem(KEY, JSON.stringify(named));
});

// Being at a terminal is having it open, however one came there.
effect(() => {
  const here = route.value;
  if (here.page !== 'terminal') return;
  const { machineId, sessionId } = here;
  if (closed.has(sessionId)) {
    go('/', { replace: true });
    return;
  }
  const open = tabs.peek();
  if (!open.some((tab) => tab.sessionId === sessionId)) {
    tabs.value = [...open.slice(open.length >= MOST_TABS ? 1 : 0), { machineId, sessionId }];
  }
  mark(sessionId, false);
});

export function openSession(machineId: string, sessionId: string, options?: { replace: boolean }): void {
  closed.delete(sessionId);
  go(terminalPath(machineId, sessionId), options);
}

export function closeTab(sessionId: string): void {
  const open = tabs.value;
  const at = open.findIndex((tab) => tab.sessionId === sessionId);
  if (at < 0) return;
  const here = route.value;
  tabs.value = open.filter((tab) => tab.sessionId !== sessionId);
  closed.add(sessionId);
  if (here.page !== 'terminal' || here.sessionId !== sessionId) return;
  const next = tabs.value[Math.min(at, tabs.value.length - 1)];
  if (next) openSession(next.machineId, next.sessionId, { replace: true });
  else go('/', { replace: true });
}

/** Nothing of them stays: not their names either. */
export function closeAllTabs(): void {
  tabs.value = [];
  titles.value = new Map();
  marked.value = new Set();
  sessionStorage.removeItem(OWNER);
}

/** Somebody has signed in: the tabs of somebody else are none of theirs. */
export function tabsFor(userId: string): void {
  const owner = sessionStorage.getItem(OWNER);
  if (owner !== null && owner !== userId) {
    closeAllTabs();
    if (route.peek().page === 'terminal') go('/', { replace: true });
  }
  sessionStorage.setItem(OWNER, userId);
}

/** Steps through the tabs, around the end. */
export function stepTab(by: number): void {
  const here = route.value;
  const open = tabs.value;
  if (here.page !== 'terminal' || open.length < 2) return;
  const at = open.findIndex((tab) => tab.sessionId === here.sessionId);
  const next = open[(at + by + open.length) % open.length];
  if (next) openSession(next.machineId, next.sessionId);
}

export function mark(sessionId: string, on: boolean): void {
  if (marked.peek().has(sessionId) === on) return;
  const changed = new Set(marked.peek());
  if (on) changed.add(sessionId);
  else changed.delete(sessionId);
  marked.value = changed;
}

export function nameTab(sessionId: string, title: string): void {
  if (titles.peek().get(sessionId) === title) return;
  titles.value = new Map(titles.peek()).set(sessionId, title);
}
