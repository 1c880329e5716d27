// One source file as the architecture sees it: where it stands, what it imports, which impure globals it touches.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix, relative } from 'node:path';
import { type ESTree, parseSync, Visitor } from 'vite';

const root = join(import.meta.dirname, '..', '..');

export interface SourceFile {
  /** From the root, with slashes: "services/relay/src/app.ts". */
  readonly path: string;
  readonly firstLine: string;
  /** As written, types included: to know a type of something is to know it. */
  readonly imports: readonly string[];
  /** Uses of the clock, of timers, of randomness or of the process, each with its line: "12: Date.now". */
  readonly impurities: readonly string[];
}

/** The workspaces whose arrows are held, by their name in "@hermit/NAME". */
export const workspaces = {
  protocol: 'packages/protocol/src',
  transport: 'packages/transport/src',
  client: 'packages/client/src',
  cli: 'packages/cli/src',
  relay: 'services/relay/src',
  agent: 'services/agent/src',
  web: 'services/web/src',
  bench: 'bench/src',
} as const;
export type Workspace = keyof typeof workspaces;

const isTest = (path: string) => /\.(test|contract)\.tsx?$|\.contract\.test\.tsx?$/.test(path);

const impureGlobals = new Set([
  'setTimeout',
  'setInterval',
  'setImmediate',
  'performance',
  'crypto',
  'process',
  'fetch',
  'WebSocket',
]);
const impureMembers = new Set(['Date.now', 'Math.random']);

/** Every module named in the file: imports, re-exports, import() and import types. */
const importsOf = (text: string, program: ESTree.Program): string[] => {
  const found: string[] = [];
  const add = (source: { value?: unknown } | null | undefined) => {
    if (typeof source?.value === 'string') found.push(source.value);
  };
  new Visitor({
    ImportDeclaration: (node) => add(node.source),
    ExportAllDeclaration: (node) => add(node.source),
    ExportNamedDeclaration: (node) => add(node.source),
    TSImportType: (node) => add(node.source as { value?: unknown }),
    ImportExpression: (node) => {
      if (node.source.type === 'Literal') add(node.source as { value?: unknown });
      else found.push(text.slice(node.source.start, node.source.end));
    },
  }).visit(program);
  return found;
};

/** The names that a pattern binds: of a parameter, or of a declaration, taken apart or not. */
const boundNames = (pattern: unknown): string[] => {
  const node = pattern as { type?: string; [part: string]: unknown } | null;
  if (node?.type === 'Identifier') return [node.name as string];
  const parts = [node?.properties, node?.elements].flat().filter(Boolean);
  const inner = [node?.argument, node?.left, node?.parameter, node?.type === 'Property' ? node.value : undefined];
  return [...parts, ...inner.filter(Boolean)].flatMap(boundNames);
};

/** Where in the file a global is named as a value; a property, a parameter or a type of the same name is none. */
const impuritiesOf = (text: string, program: ESTree.Program): string[] => {
  const found: { start: number; what: string }[] = [];
  const declared = new Set<string>();
  const notValues = new Set<number>();
  const named: { name: string; start: number }[] = [];
  const declare = (patterns: readonly unknown[]) => {
    for (const name of patterns.flatMap(boundNames)) declared.add(name);
  };
  new Visitor({
    Identifier: (node) => {
      if (impureGlobals.has(node.name)) named.push(node);
    },
    MemberExpression: (node) => {
      if (!node.computed) notValues.add(node.property.start);
      if (node.object.type !== 'Identifier' || node.property.type !== 'Identifier') return;
      const what = `${node.object.name}.${node.property.name}`;
      const viaGlobal = node.object.name === 'globalThis' && impureGlobals.has(node.property.name);
      if (impureMembers.has(what) || viaGlobal) found.push({ start: node.start, what });
    },
    NewExpression: (node) => {
      const isNow = node.callee.type === 'Identifier' && node.callee.name === 'Date' && node.arguments.length === 0;
      if (isNow) found.push({ start: node.start, what: 'new Date()' });
    },
    Property: (node) => {
      if (!node.computed && !node.shorthand) notValues.add(node.key.start);
    },
    PropertyDefinition: (node) => void notValues.add(node.key.start),
    MethodDefinition: (node) => void notValues.add(node.key.start),
    TSPropertySignature: (node) => void notValues.add(node.key.start),
    TSMethodSignature: (node) => void notValues.add(node.key.start),
    VariableDeclarator: (node) => declare([node.id]),
    FunctionDeclaration: (node) => declare(node.params),
    FunctionExpression: (node) => declare(node.params),
    ArrowFunctionExpression: (node) => declare(node.params),
    ImportSpecifier: (node) => void declared.add(node.local.name),
  }).visit(program);
  for (const { name, start } of named) {
    if (!declared.has(name) && !notValues.has(start)) found.push({ start, what: name });
  }
  const lineOf = (offset: number) => text.slice(0, offset).split('\n').length;
  return found.sort((a, b) => a.start - b.start).map(({ start, what }) => `${lineOf(start)}: ${what}`);
};

export const parseSource = (path: string, text: string): SourceFile => {
  const { program, errors } = parseSync(path, text);
  if (errors.length > 0) throw new Error(`${path} does not parse: ${errors[0]?.message}`);
  const firstLine = text.split('\n').find((line) => !line.startsWith('#!')) ?? '';
  return { path, firstLine, imports: importsOf(text, program), impurities: impuritiesOf(text, program) };
};

/** Every source file of the workspaces but their tests. */
export const readSources = (): SourceFile[] => {
  const present = Object.values(workspaces).filter((directory) => existsSync(join(root, directory)));
  return present.flatMap((directory) =>
    readdirSync(join(root, directory), { recursive: true, encoding: 'utf8' })
      .map((entry) => posix.join(directory, entry.replaceAll('\\', '/')))
      .filter((path) => /\.tsx?$/.test(path) && !path.endsWith('.d.ts') && !isTest(path))
      .map((path) => parseSource(path, readFileSync(join(root, path), 'utf8'))),
  );
};

export const workspaceOf = (path: string): Workspace | undefined =>
  (Object.keys(workspaces) as Workspace[]).find((name) => path.startsWith(`${workspaces[name]}/`));

/** The path a relative import means, from the root; undefined for a package. */
export const resolveRelative = (from: string, specifier: string): string | undefined =>
  specifier.startsWith('.')
    ? relative(root, join(root, posix.dirname(from), specifier)).replaceAll('\\', '/')
    : undefined;
