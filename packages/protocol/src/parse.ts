// Turns a text message into a typed one, or into a coded error. Unknown fields are tolerated (both sides upgrade
// at different times), unknown types are not.
import type { Static, TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { HermitError } from './errors.ts';

type Registry = { readonly [type: string]: TSchema };
/** Any message of a registry. */
export type AnyOf<R extends Registry> = { [K in keyof R]: Static<R[K]> }[keyof R];
/** The messages of these types, of one direction. */
export type MessageOf<M extends { type: string }, T extends M['type']> = Extract<M, { type: T }>;

/** A parser of one direction's messages. Throws HermitError INVALID_JSON or INVALID_MESSAGE; never anything else. */
export function parserOf<const R extends Registry>(registry: R): (text: string) => AnyOf<R> {
  const validators = new Map(Object.entries(registry).map(([type, schema]) => [type, Compile(schema)]));
  return (text) => {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      throw new HermitError('INVALID_JSON');
    }
    const type = typeof value === 'object' && value !== null ? (value as { type?: unknown }).type : undefined;
    if (typeof type !== 'string') throw new HermitError('INVALID_MESSAGE', 'A message is an object with a `type`.');
    const validator = validators.get(type);
    if (!validator)
      throw new HermitError('INVALID_MESSAGE', `Unknown message type ${JSON.stringify(type.slice(0, 64))}.`);
    if (!validator.Check(value)) {
      const first = validator.Errors(value)[0] as { instancePath?: string; message?: string } | undefined;
      const where = first?.instancePath ? `${first.instancePath.slice(0, 64)} ` : '';
      throw new HermitError('INVALID_MESSAGE', `${type}: ${where}${first?.message ?? 'does not fit'}.`);
    }
    return value as AnyOf<R>;
  };
}
