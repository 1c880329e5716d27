// Completion, read off the real commands.
import { expect, it } from 'vitest';
import { Context } from '../context.ts';
import { programOf } from '../program.ts';
import { candidates, relayIn } from './candidates.ts';

const program = programOf(new Context({ HOME: '/nowhere' }, process));
const names = {
  machines: async () => ['buildbox', 'laptop', 'build farm'],
  sessions: async (machine: string) => [`work@${machine}`, 'vim'],
};
const complete = (...words: string[]) => candidates(program, words, names);

it.each<[string[], string[]]>([
  [['mach'], ['machines', 'machine']],
  [['reg'], ['register']],
  [
    ['register', '--'],
    ['--email', '--invite', '--help', '--version', '--relay'],
  ],
  [
    ['machine', ''],
    ['add', 'remove', 'help'],
  ],
  [
    ['attach', ''],
    ['buildbox', 'laptop', 'build farm'],
  ],
  [
    ['attach', 'b'],
    ['buildbox', 'build farm'],
  ],
  [
    ['attach', 'buildbox', ''],
    ['work@buildbox', 'vim'],
  ],
  [['attach', '--read-only', 'laptop', 'w'], ['work@laptop']],
  [['attach', '--from', '12', 'laptop', 'v'], ['vim']],
  [['attach', 'a', 'b', ''], []],
  [
    ['attach', '--re'],
    ['--read-only', '--relay'],
  ],
  [['new', '--size-policy', 's'], ['smallest']],
  [['new', 'buildbox', '--', 'm'], []],
  [['kill', 'buildbox', 'v'], ['vim']],
  [
    ['completion', ''],
    ['bash', 'zsh', 'fish'],
  ],
  [['--relay', 'https://x', 'sess'], ['sessions']],
  [['machine', 'remove', 'lap'], ['laptop']],
  [['nonsense', ''], []],
])('%j gives %j', async (words, expected) => {
  expect(await complete(...words)).toEqual(expected);
});

it('does not offer what is hidden', async () => {
  expect(await complete('compl')).toEqual(['completion']);
});

it.each<[string[], string | undefined]>([
  [['--relay', 'http://a:1', 'attach', ''], 'http://a:1'],
  [['attach', '--relay=http://a:1', ''], 'http://a:1'],
  [['attach', '--relay', 'http://a'], undefined],
  [['new', 'box', '--', 'curl', '--relay', 'x', ''], undefined],
])('of %j the relay is %s', (words, relay) => {
  expect(relayIn(words)).toBe(relay);
});
