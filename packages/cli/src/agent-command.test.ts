// How people are told to start the agent.
import { expect, it } from 'vitest';
import { agentCommand, hermitCommand } from './agent-command.ts';

it.each([
  ['file:///usr/lib/node_modules/@hermit/cli/dist/agent-command.js', 'hermit-agent'],
  ['file:///home/ann/.npm/_npx/1a2b/node_modules/@hermit/cli/dist/agent-command.js', 'hermit-agent'],
  ['file:///C:/Users/ann/node_modules/@hermit/cli/dist/agent-command.js', 'hermit-agent'],
  ['file:///home/ann/hermit/packages/cli/src/agent-command.ts', 'npm run agent --'],
  ['file:///home/ann/node_modules_of_mine/hermit/packages/cli/dist/agent-command.js', 'npm run agent --'],
])('from %s: %s', (module, expected) => {
  expect(agentCommand(module)).toBe(expected);
});

it('is a script of the repository when run from it', () => {
  expect(agentCommand()).toBe('npm run agent --');
});

it('calls this command as it was called', () => {
  expect(hermitCommand({})).toBe('hermit');
  expect(hermitCommand({ npm_lifecycle_event: 'hermit' })).toBe('npm run hermit --');
});
