// The one line that starts an agent, to be pasted into a shell. Pure.

export function lineFor(relay: string, name: string, token: string): string {
  return `HERMIT_MACHINE_TOKEN=${token} hermit-agent run --relay ${relay} --name ${quoted(name)}`;
}

/** As one word of a POSIX shell, whatever the name holds. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
