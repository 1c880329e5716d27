// Builds the web terminal to static files: hashed names, nothing inline, nothing from elsewhere.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { defaultClientConditions, defineConfig, type Plugin } from 'vite';

/**
 * The schemas' library asks, by trying, whether it may make code from strings. The page's policy forbids it, and a
 * browser reports each try: here the answer is known beforehand.
 */
const noEvaluation: Plugin = {
  name: 'no-evaluation',
  transform(_code, id) {
    if (!/typebox\/build\/system\/environment\/evaluate\.mjs$/.test(id)) return null;
    return `export const CanEvaluate = () => false; export function Evaluate() { throw new Error('not here'); }`;
  },
};

/** The relay compresses nothing while it serves: every file has its compressed ones beside it. */
const compressed: Plugin = {
  name: 'compressed',
  apply: 'build',
  writeBundle({ dir = 'dist' }) {
    for (const name of readdirSync(dir, { recursive: true, encoding: 'utf8' })) {
      if (!/\.(js|css|html|svg|webmanifest)$/.test(name)) continue;
      const path = join(dir, name);
      const content = readFileSync(path);
      const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: content.length };
      writeFileSync(`${path}.br`, brotliCompressSync(content, { params }));
      writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
    }
  },
};

const relay = process.env.HERMIT_RELAY ?? 'http://localhost:3001';

export default defineConfig({
  plugins: [noEvaluation, compressed],
  resolve: { conditions: ['@hermit/source', ...defaultClientConditions] },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: 'es2023',
    // A data: address would need a hole in the policy of the page.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 600,
  },
  server: {
    proxy: {
      '/auth': relay,
      '/api': relay,
      '/ws': { target: relay, ws: true },
    },
  },
});
