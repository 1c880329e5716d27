// The overlays give what the chart gives for the same wishes.
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { insecure, type KubernetesObject, nameOf, objectsIn, podOf } from '../kit/objects.ts';
import { chart, helm, must, root } from '../kit/tools.ts';

const overlays = join(root, 'deploy', 'k8s', 'overlays');

/** What Helm alone puts there, and the checksum, which has no values to be of. */
const HELMS = ['app.kubernetes.io/managed-by', 'helm.sh/chart', 'checksum/secrets'];

/** Without Helm's marks, and with nothing where something is empty. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value)
    .filter(([key]) => !HELMS.includes(key))
    .map(([key, inner]) => [key, plain(inner)] as const);
  const kept = entries.filter(([, inner]) => inner !== undefined && inner !== null);
  return Object.fromEntries(kept.map(([key, inner]) => [key, key === 'env' ? byName(inner) : inner]));
}

/** Patches append; the order of variables that name no others means nothing. */
const byName = (list: unknown) =>
  [...(list as { name: string }[])].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));

const keyed = (objects: KubernetesObject[]) =>
  Object.fromEntries(objects.map((object) => [nameOf(object), plain(object)]).sort());

describe.each(['minimal', 'production'])('overlay %s', (overlay) => {
  const values = join(import.meta.dirname, 'kustomize', `${overlay}.values.yaml`);
  const built = async () => objectsIn(await must('kubectl', ['kustomize', join(overlays, overlay)]));

  it('gives the objects of the chart', async () => {
    const { stdout } = await helm('template', 'hermit', chart, '-n', 'hermit', '--skip-tests', '--values', values);
    const ofChart = keyed(objectsIn(stdout));
    expect(Object.keys(ofChart).length).toBeGreaterThanOrEqual(7);
    expect(keyed(await built())).toEqual(ofChart);
  });

  it('is restricted', async () => {
    for (const object of await built()) {
      const pod = podOf(object);
      if (pod) expect(insecure(pod), nameOf(object)).toEqual([]);
    }
  });
});
