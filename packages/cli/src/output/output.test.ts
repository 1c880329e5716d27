// What is printed: aligned, bounded, safe.
import { describe, expect, it } from 'vitest';
import { age } from './age.ts';
import { machineTable, sessionTable } from './listing.ts';
import { cutTo, printable, widthOf } from './printable.ts';
import { styleFor } from './style.ts';
import { table } from './table.ts';

const plain = styleFor({}, false);
const NOW = 1_700_000_000_000;

describe('text from elsewhere', () => {
  it.each([
    ['\x1b[31mred', '\ufffd[31mred'],
    ['a\nb\tc\x7f\x9b', 'a\ufffdb\ufffdc\ufffd\ufffd'],
    ['\u202etxt.exe', '\ufffdtxt.exe'],
    ['Grüße 漢字 👍', 'Grüße 漢字 👍'],
  ])('%j is printed as %j', (text, safe) => {
    expect(printable(text)).toBe(safe);
  });

  it.each([
    ['abc', 3],
    ['漢字', 4],
    ['e\u0301', 1],
    ['👍', 2],
    ['👩‍👩‍👧', 2],
    ['', 0],
    ['한글', 4],
  ])('%s is %d columns wide', (text, width) => {
    expect(widthOf(text)).toBe(width);
  });

  it('is cut at a column, never through a character', () => {
    expect(cutTo('abcdef', 6)).toBe('abcdef');
    expect(cutTo('abcdef', 4)).toBe('abc…');
    expect(cutTo('漢字漢字', 6)).toBe('漢字…');
    expect(widthOf(cutTo('漢字漢字', 4))).toBeLessThanOrEqual(4);
  });
});

describe('a table', () => {
  it('aligns by columns on the screen, not by characters', () => {
    const lines = table(
      [{ title: 'NAME' }, { title: 'N', align: 'right' }, { title: 'X' }],
      [
        ['漢字', '5', 'a'],
        ['abc', '12', 'bcd'],
      ],
    );
    expect(lines).toEqual(['NAME   N  X', '漢字   5  a', 'abc   12  bcd']);
  });

  it('shortens what may be shortened until it fits', () => {
    const lines = table([{ title: 'A', shrinks: true }, { title: 'ID' }], [['a-very-long-name-indeed', 'id-1234']], 20);
    expect(lines[1]).toBe('a-very-lon…  id-1234');
    expect(Math.max(...lines.map(widthOf))).toBe(20);
  });
});

it('lists machines by name, with when they were seen', () => {
  const id = '11111111-1111-4111-8111-111111111111';
  const lines = machineTable(
    [
      { id, name: 'zeta', online: true, lastSeen: NOW, sessionCount: 3 },
      { id, name: 'alpha', online: false, lastSeen: NOW - 7_200_000, sessionCount: 0 },
      { id, name: 'beta', online: false, lastSeen: null, sessionCount: 0 },
    ],
    { style: plain, width: 200, now: NOW },
  );
  expect(lines).toEqual([
    'NAME   STATE    SESSIONS  LAST SEEN  ID',
    `alpha  offline         0  2 h ago    ${id}`,
    `beta   offline         0  never      ${id}`,
    `zeta   online          3  now        ${id}`,
  ]);
});

it('lists sessions by age, with how they ended', () => {
  const base = {
    id: '22222222-2222-4222-8222-222222222222',
    command: 'bash',
    attachedClients: 1,
    cols: 80,
    rows: 24,
    sizePolicy: 'latest',
  } as const;
  const lines = sessionTable(
    [
      { ...base, name: 'b', createdAt: NOW - 60_000 },
      { ...base, name: 'a', createdAt: NOW - 90_000, exit: { exitCode: 7, signal: null } },
      { ...base, name: 'c', createdAt: NOW, exit: { exitCode: null, signal: 9 } },
    ],
    { style: plain, width: 200, now: NOW },
  );
  expect(lines.map((line) => line.slice(0, 26).trimEnd())).toEqual([
    'NAME  STATE              C',
    'a     ended 7            b',
    'b     running            b',
    'c     ended by signal 9  b',
  ]);
});

it.each([
  [0, 'now'],
  [-5_000, 'now'],
  [42_000, '42 s ago'],
  [3_599_000, '59 min ago'],
  [47 * 3_600_000, '47 h ago'],
  [49 * 3_600_000, '2 days ago'],
])('%d ms ago is "%s"', (ms, text) => {
  expect(age(NOW - ms, NOW)).toBe(text);
});

it.each([
  [{}, true, true],
  [{}, false, false],
  [{ NO_COLOR: '1' }, true, false],
  [{ NO_COLOR: '' }, true, true],
  [{ NO_COLOR: '1', FORCE_COLOR: '1' }, true, false],
  [{ FORCE_COLOR: '1' }, false, true],
  [{ TERM: 'dumb' }, true, false],
])('with %j and a terminal: %j, there are colours: %j', (env, isTTY, colours) => {
  expect(styleFor(env, isTTY).red('x') !== 'x').toBe(colours);
});
