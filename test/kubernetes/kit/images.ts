// The images that the tests install: built from this repository, and brought into the cluster.
import { join } from 'node:path';
import { must } from './tools.ts';

export const VERSION = '0.1.0';
/** The image of an upgrade: another one, with the same in it. */
export const NEXT = `${VERSION}-next`;

const DATABASES = ['redis:7-bookworm', 'postgres:15-bookworm'];
/** Milliseconds for one image. */
const LOAD_WITHIN = 120_000;

/** `within`: milliseconds for all of it, but for a load that has begun. */
export async function provideImages(env: NodeJS.ProcessEnv, within: number): Promise<void> {
  const deadline = Date.now() + within;
  // The databases come while ours are built.
  await Promise.all([buildImages(deadline), load(env, await missing(env, DATABASES))]);
  await load(env, [`hermit-relay:${VERSION}`, `hermit-relay:${NEXT}`, `hermit-agent:${VERSION}`]);
}

async function buildImages(deadline: number): Promise<void> {
  if (!process.env.HERMIT_IMAGES_BUILT) {
    // One after the other: the second finds the first one's layers.
    for (const target of ['relay', 'agent']) {
      const args = ['build', '--network', 'host', '-f', join('deploy', 'docker', 'Dockerfile')];
      args.push('--target', target, '-t', `hermit-${target}:${VERSION}`, '.');
      await must('docker', args, { deadlineMs: Math.max(1_000, deadline - Date.now()) });
    }
  }
  await must('docker', ['build', '-t', `hermit-relay:${NEXT}`, '-'], {
    input: `FROM hermit-relay:${VERSION}\nLABEL org.opencontainers.image.version=${NEXT}\n`,
  });
}

/** Those that no node of the cluster has; nodes tell with some delay, so what is there may be brought again. */
async function missing(env: NodeJS.ProcessEnv, images: readonly string[]): Promise<string[]> {
  const path = 'jsonpath={.items[*].status.images[*].names}';
  const there = await must('kubectl', ['get', 'nodes', '-o', path], { env: { ...process.env, ...env } });
  return images.filter((image) => !there.includes(`/${image}"`));
}

/** `HERMIT_IMAGE_LOAD` is a command that takes the name of an image. */
async function load(env: NodeJS.ProcessEnv, images: readonly string[]): Promise<void> {
  const [program = '', ...args] = (env.HERMIT_IMAGE_LOAD ?? process.env.HERMIT_IMAGE_LOAD ?? '').split(' ');
  for (const image of images) await must(program, [...args, image], { deadlineMs: LOAD_WITHIN });
}
