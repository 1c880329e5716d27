// How attachments end, and what is said while they wait.
import type { ConnectionState } from '@hermit/client';
import { expect, it } from 'vitest';
import { describeExit, exitCodeOf } from './outcome.ts';
import { troubleText } from './trouble.ts';

it.each([
  [{ exitCode: 0, signal: null }, 0, 'with status 0'],
  [{ exitCode: 7, signal: null }, 7, 'with status 7'],
  [{ exitCode: null, signal: 9 }, 137, 'by signal 9'],
  [{ exitCode: null, signal: null }, 1, 'and nobody knows how'],
])('%j is exit code %d', (exit, code, words) => {
  expect(exitCodeOf(exit)).toBe(code);
  expect(describeExit(exit)).toBe(words);
});

it('counts down to the next try', () => {
  const connection: ConnectionState = { name: 'reconnecting', inMs: 4_200, reason: 'x' };
  const said = (now: number) => troubleText('box', 'waiting', connection, 1_000, now);
  expect(said(1_000)).toBe('connection lost; reconnecting in 5 s');
  expect(said(4_300)).toBe('connection lost; reconnecting in 1 s');
  expect(said(9_000)).toBe('connection lost; reconnecting');
});

it('names the machine that does not answer, and says nothing when all is well', () => {
  const connecting: ConnectionState = { name: 'connecting' };
  expect(troubleText('box', 'machine-offline', connecting, 0, 0)).toBe('box is offline; waiting for it');
  expect(troubleText('box', 'attaching', connecting, 0, 0)).toBe('waiting for box');
  expect(troubleText('box', 'waiting', connecting, 0, 0)).toBe('reconnecting');
  for (const state of ['live', 'catching-up', 'ended', 'detached'] as const)
    expect(troubleText('box', state, connecting, 0, 0)).toBeNull();
});
