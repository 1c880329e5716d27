// The examples at the end of a command's help.

/** Each: the line, and a word about it. */
export function examples(...lines: (readonly [line: string, about?: string])[]): string {
  const width = Math.max(0, ...lines.map(([line, about]) => (about ? line.length : 0)));
  const shown = lines.map(([line, about]) => `  ${about ? `${line.padEnd(width)}   ${about}` : line}`);
  return `\nExamples:\n${shown.join('\n')}`;
}
