// The order of test files: long ones first, lest one that begins last is waited for by a single worker at the end.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { root } from '../setup/pinned-node.mjs';

/** Those that last for more than some seconds, most of them because they wait; the longest first. */
const LONG = [
  'test/integration/faults.test.ts',
  'test/integration/security/command-line.test.ts',
  'test/integration/command-line.test.ts',
  'test/integration/security/limits.test.ts',
  'test/integration/security/outage.test.ts',
  'test/integration/storm.test.ts',
  'test/integration/flow.test.ts',
  'test/integration/ownership.test.ts',
  'test/integration/redis-topologies.test.ts',
  'test/integration/redis-faults.test.ts',
  'test/integration/operator/presence-command.test.ts',
  'test/integration/security/fuzz.test.ts',
  'test/integration/security/revocation.test.ts',
  'test/integration/http/embedded-database.test.ts',
  'test/integration/full-screen.test.ts',
];

export default class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const gone = LONG.filter((path) => !existsSync(join(root, path)));
    if (gone.length > 0) throw new Error(`Not there, and named as long tests: ${gone.join(', ')}`);
    const place = ({ moduleId }: TestSpecification) => {
      const index = LONG.findIndex((path) => moduleId === join(root, path));
      return index < 0 ? LONG.length : index;
    };
    const usual = await super.sort(files);
    return usual.toSorted((a, b) => place(a) - place(b));
  }
}
