// Checks requests against their schemas as they are: nothing is converted, nothing is removed.
import { HermitError } from '@hermit/protocol';
import type { FastifySchemaCompiler } from 'fastify';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';

type ValidationDetail = { field: string; expected: string };

/** The `description` of a field completes "FIELD must be ...". Values are never repeated: one may be a password. */
export const compileValidator: FastifySchemaCompiler<TSchema> = ({ schema }) => {
  const check = Compile(schema);
  return (value: unknown) => {
    if (check.Check(value)) return { value };
    const expected = new Map<string, string>();
    for (const error of check.Errors(value)) {
      const required = (error.params as { requiredProperties?: string[] }).requiredProperties;
      const fields = error.keyword === 'required' ? (required ?? []) : [error.instancePath.slice(1)];
      for (const field of fields) expected.set(field, describe(schema, field) ?? error.message);
    }
    const details: ValidationDetail[] = [...expected].map(([field, what]) => ({ field, expected: what }));
    const sentences = details.map(({ field, expected }) => `${field || 'The request'} ${expected}`);
    return { error: new HermitError('VALIDATION', `${sentences.join('; ')}.`, { fields: details }) };
  };
};

function describe(schema: TSchema, field: string): string | undefined {
  const { properties } = schema as { properties?: Record<string, { description?: string }> };
  const description = properties?.[field]?.description;
  return description === undefined ? undefined : `must be ${description}`;
}
