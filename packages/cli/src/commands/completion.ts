// hermit completion: the script that teaches a shell to complete; it asks "hermit complete" for each word.
import { Argument, Command } from 'commander';
import { SCRIPTS, SHELLS, type Shell } from '../completion/scripts.ts';
import type { Context } from '../context.ts';
import { examples } from './examples.ts';

export function completionCommand(context: Context): Command {
  return new Command('completion')
    .summary('completion for your shell')
    .description('Prints what teaches a shell to complete commands, options, machines and sessions.')
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .addHelpText(
      'after',
      examples(
        ['eval "$(hermit completion bash)"', 'in ~/.bashrc'],
        ['eval "$(hermit completion zsh)"', 'in ~/.zshrc, after compinit'],
        ['hermit completion fish > ~/.config/fish/completions/hermit.fish'],
      ),
    )
    .action((shell: Shell) => {
      context.stdout.write(SCRIPTS[shell]);
    });
}
