// The completion scripts: each hands the words to "hermit complete" and offers what comes back.

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

const bash = `# hermit completion for bash
_hermit() {
  local IFS=$'\\n' word
  COMPREPLY=()
  while read -r word; do
    COMPREPLY+=("$(printf '%q' "$word")")
  done < <(hermit complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _hermit hermit
`;

const zsh = `#compdef hermit
# hermit completion for zsh
_hermit() {
  local -a found
  found=("\${(@f)$(hermit complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if (( \${#found[@]} )) && [[ -n "\${found[1]}" ]]; then
    compadd -a found
  else
    _files
  fi
}
if [[ "\${funcstack[1]}" = "_hermit" ]]; then
  _hermit
else
  compdef _hermit hermit
fi
`;

const fish = `# hermit completion for fish
function __hermit_complete
    set -l words (commandline -opc) (commandline -ct)
    hermit complete -- $words[2..-1] 2>/dev/null
end
complete -c hermit -f -a '(__hermit_complete)'
`;

export const SCRIPTS: Record<Shell, string> = { bash, zsh, fish };
