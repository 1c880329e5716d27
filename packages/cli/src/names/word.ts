// Names from elsewhere, as a person reads them: as a word of a shell's command line, or in a sentence.
import { printable } from '../output/printable.ts';

export function word(name: string): string {
  const text = printable(name);
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

export function quoted(name: string): string {
  return `"${printable(name)}"`;
}
