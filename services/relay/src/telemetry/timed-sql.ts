// Queries and transactions, timed: a `Sql` that does what the given one does, and tells how long it took.
import type { Sql } from 'postgres';

/** `error`: what it failed with; nothing when it went well. */
export type QueryObserver = (elapsedMs: number, error?: unknown) => void;

/**
 * A query is a promise that starts when somebody waits for it, so the time runs from there. A transaction counts as
 * one; fragments, which are built into other queries and never waited for, do not count.
 */
export function timedSql(sql: Sql, observe: QueryObserver): Sql {
  return new Proxy(sql, {
    apply(target, self, args) {
      return timedQuery(Reflect.apply(target, self, args), observe);
    },
    get(target, name, receiver) {
      const member: unknown = Reflect.get(target, name, receiver);
      if (typeof member !== 'function') return member;
      if (name === 'unsafe' || name === 'file')
        return (...args: unknown[]) => timedQuery(member.apply(target, args), observe);
      if (name === 'begin')
        return (...args: unknown[]) => timed(member.apply(target, args) as Promise<unknown>, observe);
      return member;
    },
  });
}

function timedQuery<T>(query: T, observe: QueryObserver): T {
  if (!(query instanceof Promise)) return query; // sql(name), sql([...]): parts of a query
  const then = query.then;
  let started = false;
  // biome-ignore lint/suspicious/noThenProperty: it is a promise, and this tells when somebody begins to wait for it.
  query.then = function first(this: Promise<unknown>, ...handlers) {
    if (!started) {
      started = true;
      void timed(then.call(query, (value) => value) as Promise<unknown>, observe);
    }
    return then.apply(query, handlers);
  } as typeof query.then;
  return query;
}

function timed<T>(promise: Promise<T>, observe: QueryObserver): Promise<T> {
  const since = performance.now();
  promise.then(
    () => observe(performance.now() - since),
    (error: unknown) => observe(performance.now() - since, error),
  );
  return promise;
}
