// Health: whether the process lives, and whether it can serve, with what is missing.
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { HermitError } from '@hermit/protocol';
import type { FastifyInstance } from 'fastify';
import { type Static, Type } from 'typebox';
import { failures } from './http-errors.ts';

/** Named parts that this pod needs to serve. Each resolves when its part is there, and rejects with why not. */
export type HealthChecks = Record<string, () => Promise<void>>;

/** Parts that a pod needs to begin, and can do without once it has been ready. */
const ONLY_AT_FIRST: readonly string[] = ['postgres'];

/** Milliseconds that a part has to answer. */
const CHECK = 2_000;
/** Milliseconds for which an answer is good: anybody may ask, and what they ask costs questions to others. */
const GOOD_FOR = 1_000;

/** What to do about the errors of a wrong URL, of Redis and of Postgres. */
const ADVICE: Record<string, string> = {
  ENOTFOUND: 'its host is not known, check its URL',
  EAI_AGAIN: 'its host is not known, check its URL',
  ECONNREFUSED: 'nothing listens at its address, check host and port in its URL',
  EHOSTUNREACH: 'its address cannot be reached, check its URL and the network',
  ETIMEDOUT: 'its address does not answer, check its URL and the network',
  WRONGPASS: 'it refuses the password, check its URL',
  NOAUTH: 'it wants a password, check its URL',
  '28P01': 'it refuses the password, check its URL',
  '3D000': 'there is no such database, check its URL',
};

const MissingPart = Type.Object({ part: Type.String(), reason: Type.String() });
type Missing = Static<typeof MissingPart>;

/** `embedded`: parts that are inside this process, so that there is nothing to wait for. */
type HealthRoutesOptions = { checks: HealthChecks; embedded?: readonly string[]; now?: () => number };

export function healthRoutes(scope: FastifyInstance, options: HealthRoutesOptions): void {
  const app = scope.withTypeProvider<TypeBoxTypeProvider>();
  const tags = ['health'];
  const { checks, embedded = [], now = Date.now } = options;
  let last: { at: number; missing: Promise<Missing[]> } | undefined;
  let begun = false;

  const Ok = Type.Object({ status: Type.Literal('ok') });
  // Both depend on nothing outside this process: a pod is not restarted because Redis or Postgres is away.
  for (const url of ['/health', '/livez']) {
    app.get(url, { schema: { tags, summary: 'The process lives', response: { 200: Ok } } }, async () => ({
      status: 'ok' as const,
    }));
  }

  app.get(
    '/readyz',
    {
      schema: {
        tags,
        summary: 'The pod can serve; if not, what is missing',
        response: {
          200: Type.Object({
            status: Type.Literal('ready'),
            missing: Type.Array(MissingPart),
            embedded: Type.Array(Type.String(), { description: 'Parts that are inside this process' }),
          }),
          ...failures('UNAVAILABLE'),
        },
      },
    },
    async () => {
      if (last === undefined || now() - last.at >= GOOD_FOR) last = { at: now(), missing: missingOf(checks) };
      const missing = await last.missing;
      // With Postgres away all pods would leave their Service at once, and nobody who is known could come back to them.
      const needed = begun ? missing.filter(({ part }) => !ONLY_AT_FIRST.includes(part)) : missing;
      if (needed.length === 0) {
        begun = true;
        return { status: 'ready' as const, missing, embedded: [...embedded] };
      }
      const sentences = missing.map(({ part, reason }) => `${part} (${reason})`);
      throw new HermitError('UNAVAILABLE', `Not ready: ${sentences.join(', ')}.`, { missing });
    },
  );
}

async function missingOf(checks: HealthChecks): Promise<Missing[]> {
  const answers = await Promise.all(
    Object.entries(checks).map(async ([part, check]): Promise<Missing[]> => {
      const reason = await reasonAgainst(check);
      return reason === undefined ? [] : [{ part, reason }];
    }),
  );
  return answers.flat();
}

async function reasonAgainst(check: () => Promise<void>): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`no answer within ${CHECK / 1000} s`), CHECK);
  });
  try {
    return await Promise.race([check().then(() => undefined), late]);
  } catch (error) {
    // Anybody may read this: a code, never an address or a name inside the cluster.
    if (error instanceof HermitError) return error.message.replace(/\.$/, '');
    const { code } = error as { code?: unknown };
    if (typeof code !== 'string' || !/^[A-Z0-9_]{1,40}$/.test(code)) return 'failed';
    const advice = ADVICE[code];
    return advice ? `${code}: ${advice}` : code;
  } finally {
    clearTimeout(timer);
  }
}
