// A service that was just started: it connects, it stays, or it has ended, and then there is a reason.
import { describe, expect, it } from 'vitest';
import { SetupError } from '../token.ts';
import { type Look, launchdLook, systemdLook, watchStart } from './watch.ts';

const ADVICE = '; enroll it anew';
const CONNECTED = 'hermit-agent: connected to https://r.example.org as “box”\n';
const REFUSED = 'hermit-agent: error: the relay refused this agent: The token is not valid.\n';
const UP: Look = { up: true, exitCode: 0, log: '' };

function inTurn(...looks: Look[]): () => Promise<Look> {
  return async () => (looks.length > 1 ? (looks.shift() as Look) : (looks[0] as Look));
}

describe.concurrent('a start', () => {
  it('is good once the agent has connected, and not known to be where it only stays', async () => {
    expect(await watchStart(inTurn(UP, { ...UP, log: CONNECTED }), ADVICE)).toBe(true);
    expect(await watchStart(inTurn(UP), ADVICE, 0)).toBe(false);
  });

  it.each([
    [
      'says why',
      { up: false, exitCode: 3, log: REFUSED },
      'refused this agent: The token is not valid.; enroll it anew',
    ],
    ['has no exit code', { up: false, exitCode: null, log: REFUSED }, 'The token is not valid.; enroll it anew'],
    ['is silent', { up: false, exitCode: 3, log: '' }, 'the relay refused its token or its name; enroll it anew'],
    ['failed otherwise', { up: false, exitCode: 1, log: '' }, 'the agent ended: exit code 1'],
  ])('has failed where the agent ends and %s', async (_, look, message) => {
    const failure = await watchStart(inTurn(UP, look), ADVICE).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(SetupError);
    expect((failure as SetupError).message).toMatch(new RegExp(`${message.replaceAll('.', '\\.')}$`));
  });
});

it.each([
  ['ActiveState=active\nExecMainStatus=0\n', true, 0],
  ['ActiveState=failed\nExecMainStatus=3\n', false, 3],
  ['ActiveState=activating\nExecMainStatus=1\n', false, 1],
  ['', true, null],
])('systemd says %j', (shown, up, exitCode) => {
  expect(systemdLook(shown, 'log')).toEqual({ up, exitCode, log: 'log' });
});

it.each([
  ['\tstate = running\n\tlast exit code = (never exited)\n', true, null],
  ['\tstate = not running\n\tlast exit code = (never exited)\n', true, null],
  ['\tstate = not running\n\tlast exit code = 0\n', false, null],
  ['\tstate = not running\n\tlast exit code = 1: EPERM\n', false, 1],
  ['', true, null],
])('launchd says %j', (printed, up, exitCode) => {
  expect(launchdLook(printed, 'log')).toEqual({ up, exitCode, log: 'log' });
});
