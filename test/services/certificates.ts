// Certificates of the tests' own.
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findCommand } from './binaries.ts';

const run = promisify(execFile);

/** An authority (NAME-ca.crt), and a certificate of it for this machine (NAME.crt, NAME.key). */
export async function certificates(directory: string, name: string): Promise<void> {
  const openssl = await findCommand('openssl');
  if (!openssl) throw new Error('This test needs openssl.');
  const at = (suffix: string) => join(directory, `${name}${suffix}`);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const authority = ['-x509', '-days', '2', '-subj', `/CN=${name} authority`];
  await run(openssl, ['req', ...key, ...authority, '-keyout', at('-ca.key'), '-out', at('-ca.crt')]);
  await run(openssl, ['req', ...key, '-subj', '/CN=localhost', '-keyout', at('.key'), '-out', at('.csr')]);
  writeFileSync(at('.ext'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
  const by = ['-CA', at('-ca.crt'), '-CAkey', at('-ca.key'), '-CAcreateserial', '-extfile', at('.ext')];
  await run(openssl, ['x509', '-req', '-in', at('.csr'), ...by, '-days', '2', '-out', at('.crt')]);
}
