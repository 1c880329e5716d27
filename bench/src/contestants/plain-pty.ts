// The floor below every relay: a PTY in the load process itself.
import type { Contestant } from './contestant.ts';

export const plainPty: Contestant = {
  name: 'plain-pty',
  what: 'node-pty in the viewer itself: no network, no relay',
  abilities: new Set(['echo', 'print', 'program']),
  underTest: false,
  insideLoad: true,
  async start() {
    const module = new URL('./floors/pty-driver.ts', import.meta.url).href;
    return { parts: [], viewers: { module, options: {} } };
  },
};
