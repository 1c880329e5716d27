// The tables of docs/protocol.md, from the code. Run it to write them; a test compares.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CLOSE, ERROR_CODES } from '@hermit/protocol';

export const PAGE = fileURLToPath(new URL('../../docs/protocol.md', import.meta.url));

function errorTable(): string {
  const rows = Object.entries(ERROR_CODES).map(([code, meaning]) => `| \`${code}\` | ${meaning} |`);
  return ['| code | meaning |', '|---|---|', ...rows].join('\n');
}

function closeTable(): string {
  const rules = Object.values(CLOSE).sort((a, b) => a.code - b.code);
  const rows = rules.map(({ code, reconnect, meaning }) => `| ${code} | ${reconnect} | ${meaning} |`);
  return ['| code | reconnect | meaning |', '|---|---|---|', ...rows].join('\n');
}

/** The page with its tables as the code has them. Throws when a mark is missing. */
export function withTables(page: string): string {
  let text = page;
  for (const [mark, table] of Object.entries({ errors: errorTable(), close: closeTable() })) {
    const part = new RegExp(`<!-- ${mark}:begin -->[\\s\\S]*?<!-- ${mark}:end -->`);
    if (!part.test(text)) throw new Error(`docs/protocol.md has no marks for ${mark}`);
    text = text.replace(part, () => `<!-- ${mark}:begin -->\n${table}\n<!-- ${mark}:end -->`);
  }
  return text;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(PAGE, withTables(readFileSync(PAGE, 'utf8')));
