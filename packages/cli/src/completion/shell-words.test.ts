// Words as they are typed, and what bash puts in their place.
import { expect, it } from 'vitest';
import { bashReplies, unquoted } from './shell-words.ts';

it.each([
  ['plain', 'plain', null],
  ["'build box'", 'build box', null],
  ['build\\ box', 'build box', null],
  ["'build b", 'build b', "'"],
  ['"a \\"b\\" \\c', 'a "b" \\c', '"'],
  ['$(rm -rf x)', '$(rm -rf x)', null],
  ['end\\', 'end', null],
])('%s is %s', (typed, text, open) => {
  expect(unquoted(typed)).toEqual({ text, open });
});

it.each<[string, string[], string[]]>([
  ['bu', ['buildbox', 'build box'], ['buildbox', 'build\\ box']],
  ['build\\ ', ['build box'], ['build\\ box']],
  ["'build ", ['build box'], ['build box']],
  ['web:', ['web:1', 'web:two 2'], ['1', 'two\\ 2']],
  ['--relay=a', ['--relay=abc'], ['abc']],
  ['', ["it's $HOME; ☃"], ["it\\'s\\ \\$HOME\\;\\ \\☃"]],
])('for %s bash gets %j as %j', (typed, candidates, replies) => {
  expect(bashReplies(candidates, typed, ' \t\n"\'@><=;|&(:')).toEqual(replies);
});
