// Words as somebody is typing them in a shell, with quotes and backslashes, and what bash is to put in their place.

/** What the shell will make of a word; a quote may still be open. Nothing is expanded. */
export function unquoted(typed: string): { text: string; open: '"' | "'" | null } {
  let text = '';
  let open: '"' | "'" | null = null;
  for (let at = 0; at < typed.length; at++) {
    const char = typed[at] as string;
    if (char === open) open = null;
    else if (open === null && (char === '"' || char === "'")) open = char;
    else if (char === '\\' && open !== "'" && (open === null || /["\\$`]/.test(typed[at + 1] ?? ''))) {
      at++;
      text += typed[at] ?? '';
    } else text += char;
  }
  return { text, open };
}

/**
 * What bash is given for each candidate. It replaces the word from the last of `breaks` on, or from the quote that is
 * open, within which it quotes nothing.
 */
export function bashReplies(candidates: readonly string[], typed: string, breaks: string): string[] {
  const { text, open } = unquoted(typed);
  if (open !== null) return [...candidates];
  const separators = [...breaks].filter((char) => !/[\s"'\\]/.test(char));
  const from = Math.max(...separators.map((char) => text.lastIndexOf(char)), -1) + 1;
  return candidates.map((candidate) => candidate.slice(from).replace(/[^\w@%+=:,./-]/gu, '\\$&'));
}
