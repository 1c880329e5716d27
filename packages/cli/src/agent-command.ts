// How the agent and this command are started where this command line came from: installed as packages, or checked out.

/** `module`: the address of a module of this command. */
export function agentCommand(module: string = import.meta.url): string {
  return /[/\\]node_modules[/\\]/.test(module) ? 'hermit-agent' : 'npm run agent --';
}

/** As this very command was called, so that what it suggests can be typed. */
export function hermitCommand(env: NodeJS.ProcessEnv): string {
  return env.npm_lifecycle_event === 'hermit' ? 'npm run hermit --' : 'hermit';
}
