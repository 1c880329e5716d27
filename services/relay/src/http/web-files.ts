// The web terminal's static files: served as they were built, kept by browsers for as long as their names last.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import statics, { type FastifyStaticOptions } from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { isVisit } from './http-errors.ts';

/** Where `services/web` is built to: the same place for sources and for what they are compiled to. */
const BUILT = fileURLToPath(new URL('../../../web/dist/', import.meta.url));

/** Addresses of the app's own pages: each is the same document, which looks at the address itself. */
const PAGES = ['/', '/m/:machineId/s/:sessionId', '/settings', '/device', '/link', '/join', '/sso'];
/** Of programs: what is not there is told to them as all of their errors are. */
const NO_PAGES = /^\/(api|auth|ws|assets|documentation)(\/|$|\?)/;
const FILES = ['icon.svg', 'manifest.webmanifest'];

/** Under here a name holds a hash of what is in the file. */
const HASHED = 'assets';
const YEAR = 'public, max-age=31536000, immutable';
const HOUR = 'public, max-age=3600';
/** Kept, and asked for again each time: a new build is seen at the next load. */
const ASK = 'no-cache';

/** Registers nothing where the web terminal was not built: the relay serves without it. Returns whether it was. */
export async function webFiles(app: FastifyInstance, root: string = BUILT): Promise<boolean> {
  if (!existsSync(join(root, 'index.html'))) return false;
  // Every file has its compressed ones beside it.
  const common: Partial<FastifyStaticOptions> = { index: false, preCompressed: true, cacheControl: false };
  await app.register(statics, { ...common, root, serve: false });
  await app.register(statics, {
    ...common,
    root: join(root, HASHED),
    prefix: `/${HASHED}/`,
    decorateReply: false,
    schemaHide: true,
    setHeaders: (reply) => reply.header('cache-control', YEAR),
  });
  const serve = (url: string, file: string, cache: string) =>
    app.get(url, { schema: { hide: true } }, (_request, reply) => reply.header('cache-control', cache).sendFile(file));
  for (const url of PAGES) serve(url, 'index.html', ASK);
  for (const file of FILES) serve(`/${file}`, file, HOUR);
  // A person who mistyped an address is told so by a page.
  app.addHook('preHandler', async (request, reply) => {
    if (!request.is404 || !isVisit(request) || NO_PAGES.test(request.url)) return undefined;
    return reply.code(404).header('cache-control', ASK).sendFile('index.html');
  });
  return true;
}
