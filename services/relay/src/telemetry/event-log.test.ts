// Lines are those of the catalogue, few in a storm, and without what must stay secret.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createEventLog } from './event-log.ts';
import { EVENTS, FIELDS } from './events.ts';
import { redacted } from './redaction.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function logTo(level = 'info') {
  const lines: Record<string, unknown>[] = [];
  const counted = { written: 0, suppressed: 0 };
  const { log, close } = createEventLog({
    level,
    pod: 'p1',
    destination: { write: (line) => void lines.push(JSON.parse(line)) },
    observer: { written: () => counted.written++, suppressed: () => counted.suppressed++ },
  });
  return { log, close, lines, counted };
}

test('a line has its event, level, pod, time, sentence and fields', () => {
  const { log, lines } = logTo();
  log('redis_lost', { role: 'subscriber' });
  const { time, ...line } = lines[0]!;
  expect(line).toEqual({
    level: 'warn',
    pod: 'p1',
    event: 'redis_lost',
    role: 'subscriber',
    msg: EVENTS.redis_lost.meaning,
  });
  expect(new Date(String(time)).toISOString()).toBe(time);
});

test('what is below the level is not written, and not counted', () => {
  const { log, lines, counted } = logTo('warn');
  log('client_authenticated', { user: 'u' });
  log('http_request', { status: 200 });
  expect(lines).toEqual([]);
  expect(counted).toEqual({ written: 0, suppressed: 0 });
});

test('in a storm 20 lines of an event are written in a second, and the number of the others; other events are not hurt', () => {
  const { log, lines, counted } = logTo();
  for (let n = 0; n < 1_000; n++) log('agent_left', { machine: `m${n}` });
  log('redis_lost', { role: 'commands' });
  expect(lines.map(({ event }) => event)).toEqual([...Array(20).fill('agent_left'), 'redis_lost']);
  vi.advanceTimersByTime(1_000);
  expect(lines.at(-1)).toMatchObject({ event: 'events_suppressed', of: 'agent_left', count: 980 });
  expect(counted).toEqual({ written: 22, suppressed: 980 });
  log('agent_left');
  expect(lines.at(-1)).toMatchObject({ event: 'agent_left' });
  vi.advanceTimersByTime(1_000);
  expect(lines).toHaveLength(23);
});

test('what was left out is told at the end of the process, too', () => {
  const { log, close, lines } = logTo();
  for (let n = 0; n < 21; n++) log('agent_left');
  close();
  expect(lines.at(-1)).toMatchObject({ event: 'events_suppressed', count: 1 });
});

test.each([
  ['a machine token', 'No machine has hmt_0a1b2c3d_Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4.', 'Zm9vYmFy'],
  ['a signed token', 'bad eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1In0.c2lnbmF0dXJl at 3', 'eyJzdWIi'],
  ['a header', 'authorization: Bearer abcdefghijklmnop', 'abcdefgh'],
  ['a password in an address', 'connect redis://hermit:hunter22@10.0.0.1:6379 failed', 'hunter22'],
  ['a named secret', '{"password": "hunter22"} is no object', 'hunter22'],
])('%s is taken out of a sentence', (_, sentence, secret) => {
  expect(redacted(sentence)).not.toContain(secret);
  expect(redacted(sentence)).toContain('[hidden]');
});

test('ordinary sentences stay as they are, but for control characters and length', () => {
  const sentence = 'connect ECONNREFUSED 127.0.0.1:6379 (redis://127.0.0.1:6379)';
  expect(redacted(sentence)).toBe(sentence);
  expect(redacted('a\u001b[31mred\nb')).toBe('a [31mred b');
  expect(redacted('x'.repeat(100_000))).toHaveLength(1_000);
});

test('every field of the catalogue is explained, and used', () => {
  const used = new Set(Object.values(EVENTS).flatMap(({ fields }) => fields as readonly string[]));
  expect([...used].sort()).toEqual(Object.keys(FIELDS).sort());
});

test('every event of the catalogue is written somewhere', () => {
  const folder = fileURLToPath(new URL('..', import.meta.url));
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
    /(?<!test)\.ts$/.test(file),
  );
  const source = files
    .filter((file) => !file.endsWith('events.ts'))
    .map((file) => readFileSync(join(folder, file), 'utf8'));
  const unused = Object.keys(EVENTS).filter((event) => !source.some((text) => text.includes(`'${event}'`)));
  expect(unused).toEqual([]);
});
