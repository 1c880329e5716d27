// What sessions find in their environment: the user's, and nothing of the agent or of the service that it is.
import { expect, it } from 'vitest';
import { sessionEnvironment } from './environment.ts';

it('has nothing of the agent, of its service or of the terminal that it was started in', () => {
  const foreign = ['HERMIT_MACHINE_TOKEN', 'HERMIT_KEEPER', 'npm_config_cache', 'TMUX', 'NODE_OPTIONS'];
  // As systemd sets them for a service.
  const service = ['INVOCATION_ID', 'JOURNAL_STREAM', 'SYSTEMD_EXEC_PID', 'MANAGERPID', 'MEMORY_PRESSURE_WATCH'];
  const own = Object.fromEntries([...foreign, ...service].map((name) => [name, 'x']));
  const env = sessionEnvironment({ ...own, EDITOR: 'vi', HOME: '/h' }, 'box', '1.0.0');
  expect(Object.keys(env).filter((name) => name in own)).toEqual([]);
  expect(env).toMatchObject({ EDITOR: 'vi', HOME: '/h', HERMIT_MACHINE: 'box' });
});
