// The completion scripts: each hands the words that were typed to "hermit complete" and offers what comes back.

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

const bash = `# hermit completion for bash
_hermit() {
  local line=\${COMP_LINE:0:COMP_POINT} words=() word blank i
  # Bash has split at colons and equals signs too: what no blank parts is put together again.
  for ((i = 0; i <= COMP_CWORD; i++)); do
    blank=\${line%%[![:space:]]*}
    line=\${line#"$blank"}
    word=\${COMP_WORDS[i]}
    ((i == COMP_CWORD)) && word=$line
    line=\${line#"$word"}
    if [[ -n $blank || i -eq 0 ]]; then words+=("$word"); else words[\${#words[@]} - 1]+=$word; fi
  done
  COMPREPLY=()
  while IFS= read -r word; do
    COMPREPLY+=("$word")
  done < <("\${words[0]}" complete --bash "$COMP_WORDBREAKS" -- "\${words[@]:1}" 2>/dev/null)
}
complete -o default -F _hermit hermit
`;

const zsh = `#compdef hermit
# hermit completion for zsh
_hermit() {
  local -a found
  found=("\${(@f)$(hermit complete -- "\${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
  if (( \${#found[@]} )) && [[ -n "\${found[1]}" ]]; then
    compadd -a -- found
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
