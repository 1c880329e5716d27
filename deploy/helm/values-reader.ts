// Reads a chart's values.yaml with the comments above its values: what each is for, and what its default leaves open.
import { isMap, isScalar, isSeq, type Pair, parseDocument, type YAMLMap } from 'yaml';

export type Schema = { [keyword: string]: unknown };
export type Value = {
  readonly path: readonly string[];
  readonly default: unknown;
  readonly description: string;
  /** What may be given, as far as this value alone says. */
  readonly schema: Schema;
  /** Values below it; undefined where it is itself a value. */
  readonly children: readonly Value[] | undefined;
};

/** Throws where a comment cannot be understood. */
export function readValues(text: string): Value[] {
  const document = parseDocument(text);
  if (document.errors.length > 0) throw document.errors[0];
  if (!isMap(document.contents)) throw new Error('values.yaml must be a map');
  return childrenOf(document.contents, []);
}

function childrenOf(map: YAMLMap, path: readonly string[]): Value[] {
  return map.items.map((pair, index) => readValue(pair, path, commentAbove(map, pair, index)));
}

/** The parser hangs a comment before the first key of a map on the map itself. */
function commentAbove(map: YAMLMap, pair: Pair, index: number): string {
  const own = isScalar(pair.key) ? pair.key.commentBefore : null;
  return own ?? (index === 0 ? (map.commentBefore ?? '') : '');
}

function readValue(pair: Pair, parents: readonly string[], comment: string): Value {
  const path = [...parents, String(isScalar(pair.key) ? pair.key.value : pair.key)];
  const { description, schema } = readComment(comment, path.join('.'));
  const node = pair.value;
  // A map with a schema of its own is one value: people put what they like there.
  if (isMap(node) && node.items.length > 0 && schema === undefined) {
    return { path, default: undefined, description, schema: { type: 'object' }, children: childrenOf(node, path) };
  }
  const given: unknown = isMap(node) || isSeq(node) ? node.toJSON() : isScalar(node) ? node.value : null;
  if (isMap(node) && schema === undefined) throw new Error(`${path.join('.')} needs an @schema: its default is empty`);
  const type = schema?.$ref || schema?.type ? {} : { type: typeOf(given) };
  return { path, default: given, description, schema: { ...type, ...schema }, children: undefined };
}

function readComment(comment: string, where: string): { description: string; schema: Schema | undefined } {
  // A blank line ends what belongs to the value.
  const lines = (comment.split(/\n\s*\n/).at(-1) ?? '').split('\n').map((line) => line.trim());
  let schema: Schema | undefined;
  const description: string[] = [];
  for (const line of lines) {
    if (line.startsWith('@schema')) {
      try {
        schema = JSON.parse(line.slice('@schema'.length)) as Schema;
      } catch (error) {
        throw new Error(`the @schema of ${where} is not JSON: ${(error as Error).message}`);
      }
    } else if (line.startsWith('-- ')) description.push(line.slice(3));
    else if (description.length > 0 && line !== '') description.push(line);
  }
  return { description: description.join(' '), schema };
}

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  if (typeof value === 'boolean' || typeof value === 'string') return typeof value;
  return 'object';
}
