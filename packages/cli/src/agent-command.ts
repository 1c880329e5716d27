// How the agent is started where this command line came from: installed as a package, or checked out.

/** `module`: the address of a module of this command. */
export function agentCommand(module: string = import.meta.url): string {
  return /[/\\]node_modules[/\\]/.test(module) ? 'hermit-agent' : 'npm run agent --';
}
