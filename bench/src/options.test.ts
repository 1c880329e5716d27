// The command line of the benchmark.
import { expect, test } from 'vitest';
import { CONTESTANTS } from './contestants/roster.ts';
import { helpText, parseOptions } from './options.ts';
import { SCENARIOS } from './scenarios/programme.ts';

const parse = (...args: string[]) => parseOptions(args, SCENARIOS, CONTESTANTS);
const names = (items: readonly { name: string }[]) => items.map(({ name }) => name);

test('without a name everything is played', () => {
  const options = parse('--quick');
  expect(options).toMatchObject({ quick: true, check: false, partial: false, help: false });
  expect(options.scenarios).toEqual(SCENARIOS);
  expect(options.contestants).toEqual(CONTESTANTS);
});

test('names narrow down scenarios and contestants, each by itself', () => {
  const some = parse('echo', 'bare-relay', 'flood');
  expect(names(some.scenarios)).toEqual(['echo', 'flood']);
  expect(names(some.contestants)).toEqual(['bare-relay']);
  expect(some.partial).toBe(true);
  expect(parse('echo').contestants).toEqual(CONTESTANTS);
  expect(parse('bare-relay').scenarios).toEqual(SCENARIOS);
});

test('an unknown name is answered with the known ones', () => {
  expect(() => parse('ecko')).toThrow(/Nothing is called ecko\. There are: echo, .*bare-relay/);
  expect(() => parse('--fast')).toThrow();
  expect(parse('--rounds', '2').rounds).toBe(2);
  expect(() => parse('--rounds', '0')).toThrow('--rounds takes at least 1.');
  expect(() => parse('--seed', 'x')).toThrow('--seed takes a whole number, not "x".');
});

test('the help names every scenario and every contestant', () => {
  const help = helpText(SCENARIOS, CONTESTANTS);
  for (const name of names([...SCENARIOS, ...CONTESTANTS])) expect(help).toContain(`  ${name} `);
});
