// Holds the arrows of the architecture: every rule on every source file, and each rule shown to catch its violation.
import { describe, expect, test } from 'vitest';
import { circles, rules } from './architecture/rules.ts';
import { parseSource, readSources } from './architecture/source-file.ts';

const sources = readSources();

describe('the architecture', () => {
  test('has sources to read', () => {
    expect(sources.length).toBeGreaterThan(10);
    expect(sources.flatMap((file) => file.imports).length).toBeGreaterThan(10);
  });

  test.each(rules)('$name', (rule) => {
    const problems = sources.flatMap((file) => rule.check(file).map((problem) => `${file.path} ${problem}`));
    expect(problems).toEqual([]);
  });

  test('files do not import each other in circles, types included', () => {
    expect(circles(sources)).toEqual([]);
  });
});

/** A file that breaks the rules: where it would stand, what it would say, and how often it would be reproved. */
const planted: [path: string, text: string, problems: number][] = [
  ['packages/protocol/src/x.ts', `import { a } from '@hermit/transport';`, 1],
  ['packages/protocol/src/x.ts', `import { b } from 'node:buffer';`, 1],
  ['packages/protocol/src/x.ts', `export const id = () => crypto.randomUUID();`, 1],
  ['packages/transport/src/socket.ts', `import { WebSocket } from 'ws';`, 1],
  ['packages/transport/src/socket.ts', `setTimeout(() => {}, 1); globalThis.setInterval(() => {}, 1);`, 2],
  ['packages/client/src/x.ts', `import { dial } from '@hermit/transport/node';`, 1],
  ['packages/client/src/x.ts', `export const call = ({ url = '' }) => fetch(url);`, 1],
  ['packages/client/src/x.ts', `export type { Pod } from '@hermit/relay';`, 1],
  ['packages/cli/src/x.ts', `const agent = await import('@hermit/agent');`, 1],
  ['services/web/src/x.ts', `import { readFile } from 'node:fs/promises';`, 1],
  ['services/agent/src/agent.ts', `import { Pod } from '../../relay/src/app.ts';`, 1],
  ['services/agent/src/agent.ts', `type Pty = import('node-pty').IPty;`, 1],
  ['services/agent/src/session/pacer.ts', `const now = Date.now() + Math.random() + new Date().getTime();`, 3],
  ['services/agent/src/session/pacer.ts', `import { Terminal } from '@xterm/headless';`, 1],
  ['services/agent/src/session/session.ts', `import { Link } from '../link/link.ts';`, 1],
  ['services/relay/src/relay/audience.ts', `import type { FastifyInstance } from 'fastify';`, 1],
  ['services/relay/src/relay/audience.ts', `import { setTimeout } from 'node:timers';`, 1],
  ['services/relay/src/relay/audience.ts', `import { ClientSocket } from '../sockets/client-socket.ts';`, 1],
  ['services/relay/src/bus/bus.ts', `import { Audience } from '../relay/audience.ts';`, 1],
  ['services/relay/src/redis/redis-connection.ts', `import type { Bus } from '../bus/bus.ts';`, 1],
  ['services/relay/src/http/health.ts', `import { app } from '../app.ts';`, 1],
  ['services/relay/src/http/accounts.ts', `import { PostgresAccounts } from '../accounts/accounts-postgres.ts';`, 1],
  ['services/relay/src/main.ts', `import { RedisBus } from './bus/bus-redis.ts';`, 1],
  ['services/relay/src/http-utils.ts', `export const x = 1;`, 1],
];

/** Files that look like violations and are none. */
const innocent: [path: string, text: string][] = [
  ['packages/transport/src/node.ts', `import { WebSocket } from 'ws'; import { once } from 'node:events';`],
  ['packages/transport/src/clock.ts', `export const real = { now: () => Date.now(), after: setTimeout };`],
  ['packages/client/src/x.ts', `const clock = { setTimeout: 1, process: 2 }; export const y = clock.setTimeout;`],
  ['packages/client/src/x.ts', `export const call = ({ fetch }: { fetch: () => void }) => fetch();`],
  ['packages/client/src/x.ts', `export class Api { constructor(fetch: () => void) { fetch(); } }`],
  ['services/relay/src/relay/audience.ts', `import type { Bus } from '../bus/bus.ts'; export const at = new Date(5);`],
  ['services/relay/src/app.ts', `import { RedisBus } from './bus/bus-redis.ts'; import pino from 'pino';`],
  ['services/relay/src/presence/presence-redis.ts', `import { connect } from '../bus/connection-redis.ts';`],
  ['services/agent/src/terminal/pty.ts', `import { spawn } from 'node-pty';`],
  ['services/agent/src/screen/screen.ts', `import { Terminal } from '@xterm/headless';`],
];

const opening = '// A file that was planted here.\n';
const reprove = (path: string, text: string) => {
  const file = parseSource(path, text);
  return rules.flatMap((rule) => rule.check(file));
};

describe('its rules', () => {
  test.each(planted)('catch, in %s: %s', (path, text, problems) => {
    // Some violations break two rules at once, such as a node: module in the relay's core.
    expect(reprove(path, opening + text).length).toBeGreaterThanOrEqual(problems);
  });

  test('catch a circle, and not a file that is reached on two ways', () => {
    const at = (name: string, ...others: string[]) => {
      const text = others.map((other) => `import type { X } from './${other}.ts';`).join('\n');
      return parseSource(`services/relay/src/relay/${name}.ts`, text);
    };
    expect(circles([at('a', 'b', 'c'), at('b', 'c'), at('c')])).toEqual([]);
    expect(circles([at('a', 'b'), at('b', 'c'), at('c', 'b')])).toEqual([
      ['services/relay/src/relay/b.ts', 'services/relay/src/relay/c.ts'],
    ]);
  });

  test('catch a file that does not say what it is', () => {
    expect(reprove('services/agent/src/agent.ts', 'export const x = 1;')).toHaveLength(1);
  });

  test.each(innocent)('leave alone, in %s: %s', (path, text) => {
    expect(reprove(path, opening + text)).toEqual([]);
  });
});
