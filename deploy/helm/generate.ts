// Writes what is made of others: the chart's README and schema, and its copies of dashboards and alerts.
// With --check it writes nothing, and fails when something is not up to date.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readmeOf, schemaOf } from './chart-documents.ts';
import { readValues } from './values-reader.ts';

const chart = join(import.meta.dirname, 'hermit');
const grafana = join(import.meta.dirname, '..', 'grafana');

/** Path in the chart → what belongs there. */
export function generated(): Map<string, string> {
  const read = (path: string) => readFileSync(join(chart, path), 'utf8');
  const values = readValues(read('values.yaml'));
  const files = new Map([
    ['values.schema.json', schemaOf(values)],
    ['README.md', readmeOf(read('README.md.template'), values)],
  ]);
  // A chart holds its files itself: Helm packages nothing that lies outside.
  for (const name of readdirSync(grafana).sort()) {
    if (/\.(json|yaml)$/.test(name)) files.set(join('monitoring', name), readFileSync(join(grafana, name), 'utf8'));
  }
  return files;
}

/** Those that are not as they should be, and files in monitoring/ that nothing stands behind. */
export function outdated(): string[] {
  const files = generated();
  const strays = readdirSync(join(chart, 'monitoring')).map((name) => join('monitoring', name));
  return [
    ...[...files].filter(([path, text]) => current(path) !== text).map(([path]) => path),
    ...strays.filter((path) => !files.has(path)),
  ];
}

function current(path: string): string | undefined {
  try {
    return readFileSync(join(chart, path), 'utf8');
  } catch {
    return undefined;
  }
}

if (import.meta.main) {
  if (process.argv.includes('--check')) {
    const late = outdated();
    for (const path of late) console.error(`deploy/helm/hermit/${path} is not up to date: npm run chart`);
    process.exitCode = late.length > 0 ? 1 : 0;
  } else {
    for (const [path, text] of generated()) writeFileSync(join(chart, path), text);
  }
}
