// The version of this agent, from its package.
import packageJson from '../package.json' with { type: 'json' };

export const VERSION: string = packageJson.version;
