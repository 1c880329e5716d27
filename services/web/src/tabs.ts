// The sessions open in this browser tab, in the order of their tabs; kept over a reload.

import { isUuid } from '@hermit/protocol';
import { effect, signal } from '@preact/signals';
import { go, route } from './router.ts';
import { terminalPath } from './routes.ts';

export type Tab = { readonly machineId: string; readonly sessionId: string };

const KEY = 'hermit.tabs';
/** Each is an attachment, a terminal and its scrollback. */
export const MOST_TABS = 24;

function kept(): Tab[] {
  try {
    const value = JSON.parse(sessionStorage.getItem(KEY) ?? '[]') as Tab[];
    return value
      .filter(({ machineId, sessionId }) => isUuid(machineId) && isUuid(sessionId))
      .slice(0, MOST_TABS)
      .map(({ machineId, sessionId }) => ({ machineId, sessionId }));
  } catch {
    return [];
  }
}

export const tabs = signal<readonly Tab[]>(kept());
/** What each tab is called, by session; the terminal tells. */
export const titles = signal<ReadonlyMap<string, string>>(new Map());
/** Sessions that rang, or ended, while nobody looked. */
export const marked = signal<ReadonlySet<string>>(new Set());

effect(() => sessionStorage.setItem(KEY, JSON.stringify(tabs.value)));

// Being at a terminal is having it open, however one came there.
effect(() => {
  const here = route.value;
  if (here.page !== 'terminal') return;
  const { machineId, sessionId } = here;
  const open = tabs.peek();
  if (!open.some((tab) => tab.sessionId === sessionId)) {
    tabs.value = [...open.slice(open.length >= MOST_TABS ? 1 : 0), { machineId, sessionId }];
  }
  mark(sessionId, false);
});

export function openSession(machineId: string, sessionId: string, options?: { replace: boolean }): void {
  go(terminalPath(machineId, sessionId), options);
}

export function closeTab(sessionId: string): void {
  const open = tabs.value;
  const at = open.findIndex((tab) => tab.sessionId === sessionId);
  if (at < 0) return;
  const here = route.value;
  tabs.value = open.filter((tab) => tab.sessionId !== sessionId);
  if (here.page !== 'terminal' || here.sessionId !== sessionId) return;
  const next = tabs.value[Math.min(at, tabs.value.length - 1)];
  if (next) openSession(next.machineId, next.sessionId);
  else go('/');
}

export function closeAllTabs(): void {
  tabs.value = [];
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
