// The arrows of the architecture, as rules: what a file may import, and where clock and randomness may be.
import { resolveRelative, type SourceFile, type Workspace, workspaceOf, workspaces } from './source-file.ts';

interface Rule {
  readonly name: string;
  /** What is wrong with the file; empty when it keeps the rule. */
  check(file: SourceFile): string[];
}

/** Which of our packages each workspace may import. Services never import each other. */
const arrows: Record<Workspace, readonly Workspace[]> = {
  protocol: [],
  transport: ['protocol'],
  client: ['protocol', 'transport'],
  cli: ['client', 'protocol', 'transport'],
  relay: ['protocol', 'transport'],
  agent: ['protocol', 'transport'],
  web: ['client', 'protocol', 'transport'],
  bench: ['client', 'protocol', 'transport'],
};

/** Files that import each other in a circle: none of them can be understood, or changed, by itself. */
export function circles(files: readonly SourceFile[]): string[][] {
  const targets = new Map(
    files.map(({ path, imports }) => [path, imports.flatMap((specifier) => resolveRelative(path, specifier) ?? [])]),
  );
  const found: string[][] = [];
  const done = new Set<string>();
  const visit = (path: string, way: readonly string[]) => {
    const at = way.indexOf(path);
    if (at >= 0) found.push(way.slice(at));
    if (at >= 0 || done.has(path)) return;
    for (const target of targets.get(path) ?? []) visit(target, [...way, path]);
    done.add(path);
  };
  for (const path of targets.keys()) visit(path, []);
  return found;
}

const packageOf = (specifier: string): string =>
  specifier.startsWith('@') ? specifier.split('/').slice(0, 2).join('/') : (specifier.split('/')[0] ?? specifier);

const ofPackages = (file: SourceFile, packages: readonly string[]) =>
  file.imports.filter((specifier) => packages.includes(packageOf(specifier)));

const nodeModules = (file: SourceFile) => file.imports.filter((specifier) => specifier.startsWith('node:'));

const within = (path: string, ...directories: string[]) => directories.some((directory) => path.startsWith(directory));

const imports = (specifiers: readonly string[], why: string) =>
  specifiers.map((specifier) => `imports ${specifier}: ${why}`);

const relay = workspaces.relay;
const agent = workspaces.agent;

/** Files that have to run in a browser, too. */
const isForBrowsers = ({ path }: SourceFile): boolean =>
  within(path, `${workspaces.protocol}/`, `${workspaces.client}/`, `${workspaces.web}/`) ||
  (within(path, `${workspaces.transport}/`) && !/\/(node|collector|compiler)\.ts$/.test(path));

/** The state machines that run on whatever clock, randomness and transport they are given. */
const isPure = ({ path }: SourceFile): boolean =>
  within(path, `${workspaces.protocol}/`, `${workspaces.client}/`, `${relay}/relay/`, `${relay}/auth/permissions`) ||
  within(path, `${agent}/session/`) ||
  (within(path, `${workspaces.transport}/`) && !/\/(node|browser|clock|random)\.ts$/.test(path));

const adapter = /-(redis|memory|postgres|pglite)\.ts$/;

export const rules: readonly Rule[] = [
  {
    name: 'workspaces import each other along the arrows alone',
    check(file) {
      const own = workspaceOf(file.path);
      if (!own) return [];
      const allowed = [...arrows[own], own].map((name) => `@hermit/${name}`);
      const wrong = file.imports.filter(
        (specifier) => specifier.startsWith('@hermit/') && !allowed.includes(packageOf(specifier)),
      );
      return imports(wrong, `${own} may import ${arrows[own].join(', ') || 'nothing of ours'}`);
    },
  },
  {
    name: 'a relative import stays within its workspace',
    check(file) {
      const own = workspaceOf(file.path);
      // The benchmark plays with the real parts, as the tests do.
      if (!own || own === 'bench') return [];
      const astray = file.imports.filter((specifier) => {
        const target = resolveRelative(file.path, specifier);
        return target !== undefined && workspaceOf(target) !== own && !target.endsWith('package.json');
      });
      return imports(astray, 'import workspaces by their name');
    },
  },
  {
    name: 'what browsers run imports no node: module, and no ws',
    check(file) {
      if (!isForBrowsers(file)) return [];
      const nodeOnly = [...nodeModules(file), ...ofPackages(file, ['ws'])];
      const entry = file.imports.filter((specifier) => specifier === '@hermit/transport/node');
      return imports([...nodeOnly, ...entry], 'this file runs in a browser, too');
    },
  },
  {
    name: 'state machines take clock, timers and randomness from outside',
    check(file) {
      if (!isPure(file)) return [];
      return file.impurities.map((use) => `line ${use}: time, randomness and I/O come from outside`);
    },
  },
  {
    name: "the relay's core imports no socket, store, framework or node: module",
    check(file) {
      if (!within(file.path, `${relay}/relay/`)) return [];
      const outside = file.imports.filter((specifier) =>
        /^(ws|fastify|@fastify\/.*|ioredis|postgres|pino|prom-client|argon2|node:.*)$/.test(specifier),
      );
      const edges = file.imports.filter((specifier) => {
        const target = resolveRelative(file.path, specifier) ?? '';
        return within(target, `${relay}/sockets/`, `${relay}/http/`, `${relay}/embedded/`) || adapter.test(target);
      });
      return imports([...outside, ...edges], 'edges depend on the core, never the other way');
    },
  },
  {
    name: 'bus, presence, auth and redis do not know the core or the edges; redis knows no use of it',
    check(file) {
      const isRedis = within(file.path, `${relay}/redis/`);
      if (!isRedis && !within(file.path, `${relay}/bus/`, `${relay}/presence/`, `${relay}/auth/`)) return [];
      const uses = isRedis ? [`${relay}/bus/`, `${relay}/presence/`, `${relay}/limits/`] : [];
      const upwards = file.imports.filter((specifier) => {
        const target = resolveRelative(file.path, specifier) ?? '';
        return within(target, `${relay}/relay/`, `${relay}/sockets/`, `${relay}/http/`, ...uses);
      });
      return imports(upwards, 'main → app → sockets, http → relay → bus, presence, auth → redis');
    },
  },
  {
    name: 'nothing below imports main.ts, process.ts or app.ts of the relay',
    check(file) {
      if (!within(file.path, `${relay}/`)) return [];
      const upwards = file.imports.filter((specifier) => {
        const target = resolveRelative(file.path, specifier);
        const toApp = target === `${relay}/app.ts` && !/\/(process|index)\.ts$/.test(file.path);
        const toProcess = target === `${relay}/process.ts` && file.path !== `${relay}/main.ts`;
        return toApp || toProcess || target === `${relay}/main.ts`;
      });
      return imports(upwards, 'main → app → sockets, http → relay → bus, presence, auth');
    },
  },
  {
    name: 'app.ts alone chooses adapters',
    check(file) {
      if (!within(file.path, `${relay}/`) || file.path === `${relay}/app.ts`) return [];
      const chosen = file.imports.filter((specifier) => {
        const target = resolveRelative(file.path, specifier) ?? '';
        // An adapter may be made of several files of its own kind.
        return adapter.test(target) && adapter.exec(file.path)?.[1] !== adapter.exec(target)?.[1];
      });
      return imports(chosen, 'take the port (bus.ts, presence.ts, accounts.ts, ...) and let app.ts choose');
    },
  },
  {
    name: 'terminal/pty.ts alone imports node-pty',
    check(file) {
      if (file.path === `${agent}/terminal/pty.ts` || workspaceOf(file.path) === 'bench') return [];
      return imports(ofPackages(file, ['node-pty']), 'terminal/pty.ts is the only place that knows it');
    },
  },
  {
    name: "the agent's sessions import no node: module and no link, and screens no session",
    check(file) {
      const isScreen = within(file.path, `${agent}/screen/`);
      if (!isScreen && !within(file.path, `${agent}/session/`)) return [];
      const library = isScreen ? [] : file.imports.filter((specifier) => specifier.startsWith('@xterm/'));
      const edges = file.imports.filter((specifier) => {
        const target = resolveRelative(file.path, specifier) ?? '';
        if (isScreen && within(target, `${agent}/session/`)) return true;
        return within(target, `${agent}/link/`, `${agent}/terminal/pty.ts`) && !file.path.endsWith('.test.ts');
      });
      const node = isScreen ? [] : nodeModules(file);
      return imports([...node, ...library, ...edges], 'a session is pure but for its screen');
    },
  },
  {
    name: 'a file is named for its role, and opens by saying what it is',
    check(file) {
      const drawer = /(^|[/-])(utils?|helpers?|managers?|misc|common-stuff|.*-impl)(\.|-|\/)/.test(file.path);
      const says = /^(\/\/ |\/\*\* )\S/.test(file.firstLine);
      return [
        ...(drawer ? ['is a drawer: name it for its role'] : []),
        ...(says ? [] : ['does not open with a comment of one line that says what it is']),
      ];
    },
  },
];
