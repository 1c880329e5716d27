// The floor of a network hop: a WebSocket server that sends back what it gets.
import { fileURLToPath } from 'node:url';
import { nodePart } from '../machine/usage.ts';
import type { Contestant } from './contestant.ts';

const SERVER = fileURLToPath(new URL('./floors/ws-echo-server.ts', import.meta.url));

export const wsEcho: Contestant = {
  name: 'ws-echo',
  what: 'one WebSocket there and back, no PTY',
  abilities: new Set(['echo']),
  underTest: false,
  async start(stage) {
    const server = stage.node('echo', SERVER);
    const { port } = await server.ready<{ port: number }>();
    const module = new URL('./floors/ws-echo-driver.ts', import.meta.url).href;
    return {
      parts: [nodePart(server)],
      viewers: { module, options: { url: `ws://127.0.0.1:${port}` } },
    };
  },
};
