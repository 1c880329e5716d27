// The pages of docs/ that are made from code, and where they stand.
import { fileURLToPath } from 'node:url';
import { logsPage } from './logs-page.ts';
import { metricsPage } from './metrics-page.ts';

export function pages(): { file: string; text: string }[] {
  const at = (name: string) => fileURLToPath(new URL(`../../../../docs/${name}`, import.meta.url));
  return [
    { file: at('metrics.md'), text: metricsPage() },
    { file: at('logs.md'), text: logsPage() },
  ];
}
