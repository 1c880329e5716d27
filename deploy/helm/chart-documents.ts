// What is made of the chart's values: the schema that Helm checks them by, and the table of the README.
import type { Schema, Value } from './values-reader.ts';

const DEFINITIONS = {
  object: { type: 'object' },
  strings: { type: 'object', additionalProperties: { type: 'string' } },
  resources: {
    type: 'object',
    additionalProperties: false,
    properties: {
      requests: { type: 'object', additionalProperties: { type: ['string', 'integer', 'number'] } },
      limits: { type: 'object', additionalProperties: { type: ['string', 'integer', 'number'] } },
      claims: { type: 'array' },
    },
  },
};

/** JSON Schema 7, as Helm reads it. Whatever has no place in it is a mistake, and Helm names it. */
export function schemaOf(values: readonly Value[]): string {
  const schema = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Values of the Hermit chart',
    ...objectOf(values),
    $defs: DEFINITIONS,
  };
  // Charts above this one pass these down.
  Object.assign(schema.properties, { global: { type: 'object' } });
  return `${JSON.stringify(schema, null, 2)}\n`;
}

function objectOf(values: readonly Value[]) {
  const properties: Record<string, Schema> = {};
  for (const value of values) {
    const name = value.path.at(-1) ?? '';
    const about = value.description ? { description: value.description } : {};
    properties[name] = value.children ? { ...about, ...objectOf(value.children) } : { ...about, ...value.schema };
  }
  return { type: 'object', additionalProperties: false, properties };
}

/** The README, from its template with `<!-- values -->` in it. */
export function readmeOf(template: string, values: readonly Value[]): string {
  if (!template.includes('<!-- values -->')) throw new Error('the README template has no <!-- values -->');
  return template.replace('<!-- values -->', () => tableOf(values));
}

function tableOf(values: readonly Value[]): string {
  const rows = leavesOf(values).map(({ path, default: given, description, schema }) => {
    const choices = Array.isArray(schema.enum) && !description.includes('`') ? choicesOf(schema.enum) : '';
    const text = [description, choices].filter(Boolean).join(' ');
    return `| \`${path.join('.')}\` | ${cell(text)} | \`${JSON.stringify(given)}\` |`;
  });
  return ['| value | what it is | default |', '|---|---|---|', ...rows].join('\n');
}

function leavesOf(values: readonly Value[]): Value[] {
  return values.flatMap((value) => (value.children ? leavesOf(value.children) : [value]));
}

const choicesOf = (choices: readonly unknown[]) => `One of ${choices.map((choice) => `\`${choice}\``).join(', ')}.`;
const cell = (text: string) => text.replaceAll('|', '\\|');
