// Machines and sessions as people name them: by name, by id, or by the beginning of an id that fits only one.
import { EXIT, Failure } from '../failure.ts';
import { printable } from '../output/printable.ts';
import { closest } from './closest.ts';

type Named = { id: string; name: string };

/** Shorter beginnings of an id fit by accident. */
const SHORTEST_PREFIX = 3;
/** So many are listed when the name fits none. */
const LISTED = 8;

/**
 * The one of `items` that `given` names. `rank`: of several with one name those of the highest rank are meant.
 * Throws a Failure: not found, with what may have been meant; or ambiguous, with the ids.
 */
export function resolve<T extends Named>(
  kind: string,
  given: string,
  items: readonly T[],
  rank: (item: T) => number = () => 0,
): T {
  const byId = items.find((item) => item.id === given.toLowerCase());
  if (byId) return byId;
  const tests: ((item: T) => boolean)[] = [
    (item) => item.name === given,
    (item) => item.name.toLowerCase() === given.toLowerCase(),
  ];
  if (given.length >= SHORTEST_PREFIX && /^[0-9a-f-]+$/i.test(given))
    tests.push((item) => item.id.startsWith(given.toLowerCase()));
  for (const test of tests) {
    const fitting = items.filter(test);
    const highest = Math.max(...fitting.map(rank));
    const meant = fitting.filter((item) => rank(item) === highest);
    if (meant.length === 1) return meant[0] as T;
    if (meant.length > 1) throw ambiguous(kind, given, meant);
  }
  throw notFound(kind, given, items);
}

function ambiguous(kind: string, given: string, meant: readonly Named[]): Failure {
  const list = meant.map((item) => `${item.id}  ${printable(item.name)}`).join('\n  ');
  return new Failure(
    EXIT.notFound,
    `"${printable(given)}" fits ${meant.length} ${kind}s.`,
    `Name one by its id:\n  ${list}`,
  );
}

function notFound(kind: string, given: string, items: readonly Named[]): Failure {
  const names = items.map((item) => item.name);
  const near = closest(given, names);
  const message = `There is no ${kind} "${printable(given)}".`;
  const quote = (name: string) => `"${printable(name)}"`;
  if (near.length > 0) return new Failure(EXIT.notFound, message, `Did you mean ${near.map(quote).join(' or ')}?`);
  if (names.length === 0) return new Failure(EXIT.notFound, message, `There are no ${kind}s.`);
  const shown = [...new Set(names)].slice(0, LISTED).map(quote).join(', ');
  return new Failure(
    EXIT.notFound,
    message,
    `There ${names.length === 1 ? 'is' : 'are'} ${shown}${names.length > LISTED ? ', …' : ''}.`,
  );
}
