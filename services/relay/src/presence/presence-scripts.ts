// The Lua scripts of presence, and how they are called. Each touches keys of one hash slot alone (Redis Cluster).
import { readFileSync } from 'node:fs';
import type { Cluster, Redis } from 'ioredis';

/** `keys`: how many of the arguments, from the first, are keys. */
const SCRIPTS = {
  hold: { keys: 4 },
  describe: { keys: 3 },
  release: { keys: 3 },
  beat: { keys: 1 },
  enlist: { keys: 1 },
  delist: { keys: 1 },
  list: { keys: 1 },
} as const;

type Argument = string | number;

export type Scripted = (Redis | Cluster) & {
  presenceHold(
    ...args: Argument[]
  ): Promise<['held', now: number, there: 0 | 1] | ['refused', epoch: string, instance: string]>;
  presenceDescribe(...args: Argument[]): Promise<0 | 1>;
  presenceRelease(...args: Argument[]): Promise<[userId: string, lastSeen: string] | null>;
  presenceBeat(...args: Argument[]): Promise<number>;
  presenceEnlist(...args: Argument[]): Promise<1>;
  presenceDelist(...args: Argument[]): Promise<1>;
  presenceList(...args: Argument[]): Promise<string[]>;
};

/** Defines the scripts on a connection: sent by their hash, and whole when the server does not know them (any more). */
export function withScripts(commands: Redis | Cluster): Scripted {
  for (const [name, { keys }] of Object.entries(SCRIPTS)) {
    const lua = readFileSync(new URL(`./${name}.lua`, import.meta.url), 'utf8');
    commands.defineCommand(`presence${name[0]?.toUpperCase()}${name.slice(1)}`, { lua, numberOfKeys: keys });
  }
  return commands as Scripted;
}
