// What the watcher shows, and what keys change: from a fleet that is made up.
import { describe, expect, test } from 'vitest';
import { styleFor } from '../output/style.ts';
import type { Fleet, MachineEntry } from './fleet.ts';
import { duration, rate } from './quantities.ts';
import { report } from './report.ts';
import { arranged, momentOf, VIEWS } from './views.ts';
import { screen } from './watch-screen.ts';
import { keysIn, WatchState } from './watch-state.ts';

const style = styleFor({ NO_COLOR: '1' }, false);
const NOW = 1_800_000_000_000;
const HOUR = 3_600_000;

function machine(n: number, more: Partial<MachineEntry> = {}): MachineEntry {
  return {
    id: `0000000${n}-0000-4000-8000-000000000000`,
    name: `box-${n}`,
    userId: 'aaaaaaaa-0000-4000-8000-000000000000',
    pod: `pod-${n % 2}`,
    agentVersion: '0.1.0',
    connectedAt: NOW - n * HOUR,
    lastSeen: NOW,
    sessionCount: 0,
    attachmentCount: 0,
    until: NOW + 25_000,
    ...more,
  };
}

function fleetOf(more: Partial<Fleet> = {}): Fleet {
  const pod = {
    version: '0.1.0',
    started: NOW - 50 * HOUR,
    agents: 2,
    clients: 3,
    sessions: 4,
    attachments: 1,
    bytesIn: 0,
    bytesOut: 0,
    until: NOW + 14_000,
  };
  return {
    at: NOW,
    pods: [
      { ...pod, id: 'pod-0', draining: false },
      { ...pod, id: 'pod-1', draining: true },
    ],
    machines: [machine(1), machine(2, { sessionCount: 5, attachmentCount: 2 }), machine(3, { sessionCount: 1 })],
    sessions: [
      {
        id: '5e000000-0000-4000-8000-000000000000',
        machineId: machine(2).id,
        name: 'work',
        command: 'vim notes',
        createdAt: NOW - 10 * HOUR,
        attachedClients: 2,
        cols: 80,
        rows: 24,
        sizePolicy: 'latest',
      },
    ],
    attachments: [],
    leftOut: 0,
    contract: 1,
    ...more,
  };
}

function watching(fleet = fleetOf()) {
  const state = new WatchState({ view: 'machines', filter: '', sort: undefined, interval: 2_000 });
  state.seen(fleet);
  const shown = (cols = 100, rows = 24) =>
    screen(state, { size: { cols, rows }, style, label: 'redis:6379', now: NOW }).lines;
  const press = (...keys: string[]) => keys.map((key) => state.key(key, 10)).at(-1);
  /** First words of the rows of the table. */
  const names = () => state.arranged?.rows.map((row) => (row as { name: string }).name);
  return { state, shown, press, names };
}

describe('the screen', () => {
  test('has as many lines as the terminal, whatever its size, and none is wider', () => {
    const machines = Array.from({ length: 500 }, (_, n) => machine(n, { name: `box-${'x'.repeat(n % 60)}` }));
    const { shown } = watching(fleetOf({ machines }));
    for (const [cols, rows] of [
      [100, 24],
      [200, 60],
      [60, 10],
      [80, 6],
    ] as const) {
      const lines = shown(cols, rows);
      expect(lines).toHaveLength(rows);
      if (cols >= 80) expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(cols);
    }
  });

  test('sums the cluster up, shows its pods, then the machines', () => {
    const lines = watching().shown();
    expect(lines[1]).toBe('Pods 2 (1 draining)   Machines 3   Sessions 6   Attached 2   Clients 6');
    expect(lines.find((line) => line.startsWith('pod-1'))).toMatch(/draining +2 +4 +3 +1 .* 2 d +14 s +0\.1\.0/);
    expect(lines.find((line) => line.startsWith('box-2'))).toMatch(
      /^box-2 +5 +2 +pod-0 +2 h +25 s +aaaaaaaa +0\.1\.0 +00000002$/,
    );
    expect(lines.at(-1)).toContain('q quit');
  });

  test('measures what passes through a pod between two looks, and not across its restart', () => {
    const { state, shown } = watching();
    const [first, second] = fleetOf().pods as [Fleet['pods'][0], Fleet['pods'][0]];
    const pods = [
      { ...first, bytesIn: 4_000, bytesOut: 30_000_000 },
      { ...second, started: NOW, bytesOut: 99_000 },
    ];
    state.seen(fleetOf({ at: NOW + 2_000, pods }));
    expect(shown().find((line) => line.startsWith('pod-0'))).toMatch(/2\.0 KB\/s +15 MB\/s/);
    expect(shown().find((line) => line.startsWith('pod-1'))).not.toContain('/s');
  });

  test('keeps what it knows when Redis is away, and says so', () => {
    const { state, shown } = watching();
    state.failed('Connection is closed.', NOW - 90_000);
    state.failed('Connection is closed.', NOW);
    expect(shown().at(-1)).toBe('Redis does not answer for 90 s: Connection is closed.; trying again.');
    expect(shown().some((line) => line.startsWith('box-2'))).toBe(true);
  });

  test('names of machines cannot steer the terminal', () => {
    const { shown } = watching(fleetOf({ machines: [machine(1, { name: 'a\u001b[2Jb\u202e' })] }));
    expect(shown().join('\n')).toContain('a\ufffd[2Jb\ufffd');
  });

  test('says what there is to know of an empty, a dead and a newer cluster', () => {
    const said = (more: Partial<Fleet>) => report(momentOf(fleetOf(more)), '', { style, width: 100, now: NOW })[1];
    expect(said({ pods: [], machines: [], sessions: [] })).toBe('Nothing is online.');
    expect(said({ pods: [] })).toContain('No pod is alive');
    expect(said({ contract: 2 })).toContain('version 2');
    expect(said({ leftOut: 12_000 })).toBe('12,000 more machines are online than one look takes.');
    expect(said({})).toBe('');
  });
});

describe('keys', () => {
  test('sort, and turn the order round', () => {
    const { press, names, shown } = watching();
    expect(names()).toEqual(['box-1', 'box-2', 'box-3']);
    press('\x1b[C');
    expect(names()).toEqual(['box-2', 'box-3', 'box-1']);
    expect(shown().join('\n')).toContain('SESSIONS▼');
    press('r');
    expect(names()).toEqual(['box-1', 'box-3', 'box-2']);
    expect(shown().join('\n')).toContain('SESSIONS▲');
    press('<', '<');
    expect(shown().join('\n')).toMatch(/ID▲/);
  });

  test('filter by what is typed, until Escape', () => {
    const { state, press, names, shown } = watching();
    press('/', ...'BOX-33', '\x7f');
    expect(names()).toEqual(['box-3']);
    expect(shown().join('\n')).toContain('filter: BOX-3');
    expect(press('q')).toBe('paint'); // a letter, not a command
    expect(names()).toEqual([]);
    press('\x15', ...'pod-0', '\r');
    expect(names()).toEqual(['box-2']);
    press('\x1b');
    expect(names()).toHaveLength(3);
    expect(state.typing).toBe(false);
    press('/', ...'x'.repeat(10_000));
    expect(state.filter.length).toBe(100);
  });

  test('turn to other tables, which are then read', () => {
    const { state, press, shown } = watching();
    expect(press('2')).toBe('look');
    expect(state.details).toEqual({ sessions: true, attachments: false });
    expect(shown().find((line) => line.startsWith('box-2'))).toMatch(/work +running +2 +vim notes +80x24 +10 h/);
    press('\t');
    expect(state.name).toBe('attachments');
    press('\x1b[Z', '\x1b[Z', '\x1b[Z');
    expect(state.name).toBe('pods');
  });

  test('scroll no further than there is something to see', () => {
    const machines = Array.from({ length: 100 }, (_, n) => machine(n, { name: `box-${String(n).padStart(3, '0')}` }));
    const { state, press } = watching(fleetOf({ machines }));
    press('\x1b[A');
    expect(state.top).toBe(0);
    press('\x1b[6~', '\x1b[B');
    expect(state.top).toBe(10);
    press('G');
    expect(state.top).toBe(90);
    press('/', ...'box-00');
    expect(state.top).toBe(0);
  });

  test('stop looking, look at other times, and end', () => {
    const { state, press, shown } = watching();
    expect(press('p')).toBe('paint');
    expect(shown()[0]).toContain('stopped at');
    expect(press('p')).toBe('look');
    for (let n = 0; n < 20; n++) press('+');
    expect(state.interval).toBe(500);
    for (let n = 0; n < 20; n++) press('-');
    expect(state.interval).toBe(60_000);
    press('?');
    expect(shown().join('\n')).toContain('sort by another column');
    expect(press('x')).toBe('paint');
    expect(press('q')).toBe('quit');
    expect(press('\x03')).toBe('quit');
  });

  test('come as terminals send them', () => {
    expect(keysIn('a\x1b[A\x1bOB\x1b[5~\x1b[1~\x1b[4~ä\x1b')).toEqual([
      'a',
      '\x1b[A',
      '\x1b[B',
      '\x1b[5~',
      '\x1b[H',
      '\x1b[F',
      'ä',
      '\x1b',
    ]);
  });
});

test('rows that are equal keep the order of the first column', () => {
  const machines = [3, 1, 2].map((n) => machine(n, { sessionCount: 1 }));
  const rows = arranged(VIEWS.machines, momentOf(fleetOf({ machines })), '', { column: 'SESSIONS', reversed: false });
  expect(rows.map(({ name }: MachineEntry) => name)).toEqual(['box-1', 'box-2', 'box-3']);
});

test.each([
  [-5, '0 s'],
  [119_999, '119 s'],
  [120_000, '2 min'],
  [2 * HOUR, '2 h'],
  [47 * HOUR, '47 h'],
  [48 * HOUR, '2 d'],
])('%d ms are %s', (ms, words) => expect(duration(ms)).toBe(words));

test.each([
  [undefined, ''],
  [0, '0 B/s'],
  [999, '999 B/s'],
  [1_500, '1.5 KB/s'],
  [99_950, '100 KB/s'],
  [2e6, '2.0 MB/s'],
  [3e9, '3.0 GB/s'],
])('%s bytes in a second are %s', (bytes, words) => expect(rate(bytes)).toBe(words));
