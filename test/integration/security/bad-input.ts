// Bad input of every kind: text that is no JSON, JSON that is no message, messages that nearly fit their schema, and
// frames that nearly are frames.
import {
  AgentToRelay,
  ClientToRelay,
  FRAME,
  HEADER,
  RelayToAgent,
  RelayToClient,
  UUID_PATTERN,
  uuidBytes,
} from '@hermit/protocol';
import fc from 'fast-check';

type Schema = {
  type?: string;
  const?: unknown;
  anyOf?: Schema[];
  allOf?: Schema[];
  enum?: unknown[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  patternProperties?: Record<string, Schema>;
  pattern?: string;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
};

/** Ids that exist, so that what nearly fits also nearly works. */
type Known = { uuids: readonly string[]; tokens: readonly string[] };

const nasty = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    0,
    -0,
    -1,
    1.5,
    1e308,
    2 ** 53,
    2 ** 31,
    '',
    ' ',
    '\u0000',
    '\ud800',
    '__proto__',
  ),
  fc.constantFrom<unknown>([], {}, [[]], [null], { toString: 1 }, { length: -1 }, 'constructor', 'a'.repeat(5_000)),
  fc.jsonValue({ maxDepth: 3 }),
  fc.string({ unit: 'binary', maxLength: 64 }),
);

/** A value that fits, or nearly. */
function nearly(schema: Schema, known: Known): fc.Arbitrary<unknown> {
  if (schema.const !== undefined) return rarely(fc.constant(schema.const));
  if (schema.enum) return rarely(fc.constantFrom(...schema.enum));
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map((one) => nearly(one, known)));
  if (schema.allOf?.[0]) return nearly(schema.allOf[0], known);
  switch (schema.type) {
    case 'object': {
      if (schema.patternProperties) {
        const [one = {}] = Object.values(schema.patternProperties);
        return rarely(
          fc.dictionary(fc.oneof(uuid(known), fc.string({ maxLength: 8 })), nearly(one, known), { maxKeys: 3 }),
        );
      }
      const fields = Object.entries(schema.properties ?? {}).map(([name, of]) => [name, nearly(of, known)] as const);
      return rarely(fc.record(Object.fromEntries(fields), { requiredKeys: [] }));
    }
    case 'array':
      return rarely(fc.array(nearly(schema.items ?? {}, known), { maxLength: 4 }));
    case 'integer':
    case 'number': {
      const { minimum = -10, maximum = 2 ** 53 } = schema;
      return rarely(fc.constantFrom(minimum, minimum + 1, minimum - 1, maximum, maximum + 1, 80, 24, 1));
    }
    case 'boolean':
      return rarely(fc.boolean());
    case 'string':
      if (schema.pattern === UUID_PATTERN) return rarely(uuid(known));
      if (schema.maxLength === 4096) return rarely(fc.oneof(fc.constantFrom(...known.tokens), fc.string()));
      return rarely(fc.oneof(fc.string({ maxLength: 70 }), fc.base64String({ maxLength: 64 })));
    case 'null':
      return rarely(fc.constant(null));
    default:
      return nasty;
  }
}

const uuid = ({ uuids }: Known) => fc.oneof(fc.constantFrom(...uuids), fc.uuid());
const rarely = (value: fc.Arbitrary<unknown>) =>
  fc.oneof({ weight: 12, arbitrary: value }, { weight: 1, arbitrary: nasty });

function messageOf(registry: Record<string, unknown>, known: Known): fc.Arbitrary<string> {
  const messages = Object.entries(registry).map(([type, schema]) =>
    fc.tuple(nearly(schema as Schema, known), fc.boolean()).map(([value, keep]) => {
      const typed = keep && typeof value === 'object' && value !== null ? { ...value, type } : value;
      return JSON.stringify(typed) ?? 'undefined';
    }),
  );
  return fc.oneof(
    { weight: 20, arbitrary: fc.oneof(...messages) },
    { weight: 2, arbitrary: nasty.map((value) => JSON.stringify(value) ?? '') },
    { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 200 }) },
    // Cut off, doubled, or too deep.
    { weight: 2, arbitrary: fc.tuple(fc.oneof(...messages), fc.nat(100)).map(([text, at]) => text.slice(0, at)) },
    { weight: 1, arbitrary: fc.nat(3_000).map((depth) => `${'['.repeat(depth)}${']'.repeat(depth)}`) },
    { weight: 1, arbitrary: fc.nat(300_000).map((length) => `{"type":"${'x'.repeat(length)}"}`) },
  );
}

function frameOf(known: Known): fc.Arbitrary<Uint8Array> {
  const types = Object.values(FRAME);
  const near = fc
    .record({
      type: fc.oneof(fc.constantFrom(...types), fc.nat(255)),
      flags: fc.nat(255),
      session: uuid(known),
      attachment: uuid(known),
      noise: fc.uint8Array({ maxLength: 64 }),
      extra: fc.integer({ min: -70, max: 100 }),
      zeros: fc.boolean(),
    })
    .map(({ type, flags, session, attachment, noise, extra, zeros }) => {
      const header = HEADER[type as keyof typeof HEADER] as number | undefined;
      const frame = new Uint8Array(Math.max(0, (header ?? 40) + extra));
      if (!zeros) for (let i = 0; i < frame.length; i++) frame[i] = noise[i % (noise.length || 1)] ?? 0;
      frame[0] = type;
      frame[1] = flags;
      if (frame.length >= 20) frame.set(uuidBytes(session), 4);
      const at = type <= FRAME.snapshot ? 32 : 28;
      if (frame.length >= at + 16) frame.set(uuidBytes(attachment), at);
      return frame;
    });
  return fc.oneof(
    { weight: 8, arbitrary: near },
    { weight: 2, arbitrary: fc.uint8Array({ maxLength: 200 }) },
    { weight: 1, arbitrary: fc.nat(300_000).map((length) => new Uint8Array(length).fill(FRAME.input, 0, 1)) },
  );
}

export type Input = string | Uint8Array;

const from =
  (registry: Record<string, unknown>) =>
  (known: Known): fc.Arbitrary<Input> =>
    fc.oneof({ weight: 3, arbitrary: messageOf(registry, known) }, { weight: 1, arbitrary: frameOf(known) });
export const fromClient = from(ClientToRelay);
export const fromAgent = from(AgentToRelay);
export const toClient = from(RelayToClient);
export const toAgent = from(RelayToAgent);
/** Bodies for a route, by its schema. */
export const bodyOf = (schema: unknown, known: Known): fc.Arbitrary<unknown> => nearly(schema as Schema, known);
