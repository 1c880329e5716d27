// The chart: what it makes of values, what it refuses, and that it says the same as the code it installs.
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ASSUMED } from '../../../bench/src/capacity/constants.ts';
import { outdated } from '../../../deploy/helm/generate.ts';
import { Environment } from '../../../services/relay/src/config.ts';
import { containersOf, insecure, nameOf, objectsIn, podOf } from '../kit/objects.ts';
import { chart, helm, root } from '../kit/tools.ts';

const here = import.meta.dirname;
const casesIn = (folder: string) =>
  readdirSync(join(here, folder))
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => ({ name: basename(file, '.yaml'), file: join(here, folder, file) }));
const golden = (name: string) => join(here, 'golden', name);
const template = (...args: string[]) => helm('template', 'hermit', chart, '--namespace', 'hermit', ...args);

/** What the demo generates is new in every rendering. */
const withoutChance = (yaml: string) => yaml.replaceAll(/^( {2}(?:password|jwt-secret)): \S+$/gm, '$1: GENERATED');

/** The schema's complaints come in any order. */
const inOrder = (text: string) => {
  const lines = text.split('\n');
  const complaints = lines.filter((line) => line.startsWith('- at ')).sort();
  return lines.map((line) => (line.startsWith('- at ') ? complaints.shift() : line)).join('\n');
};

describe('values that are right', () => {
  it.each(casesIn('cases'))('$name gives what it gave before', async ({ name, file }) => {
    const { code, stdout, stderr } = await template('--values', file);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    await expect(withoutChance(stdout)).toMatchFileSnapshot(golden(`${name}.yaml`));
  });

  it.each(casesIn('cases'))('$name passes helm lint --strict', async ({ file }) => {
    const { code, stdout, stderr } = await helm('lint', '--strict', chart, '--values', file);
    expect(code, `${stdout}${stderr}`).toBe(0);
  });

  it.each(casesIn('cases'))('$name is restricted, and is given time to leave', async ({ file }) => {
    const objects = objectsIn((await template('--values', file)).stdout);
    for (const object of objects) {
      const pod = podOf(object);
      if (!pod) continue;
      expect(insecure(pod), nameOf(object)).toEqual([]);
      const relay = pod.containers.find((container) => container.name === 'relay');
      if (!relay) continue;
      const preStop = relay.lifecycle?.preStop?.sleep?.seconds ?? 0;
      const drain = Number(relay.env?.find(({ name }) => name === 'DRAIN_SECONDS')?.value);
      // After the drain the relay takes up to 5 s to close; main.ts.
      expect(preStop).toBeGreaterThan(0);
      expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(preStop + drain + 5);
    }
  });

  it('leaves the user to the platform where it is asked to, and is never root', async () => {
    const objects = objectsIn(
      (await template('--values', join(here, 'cases', 'everything.yaml'), '--set', 'runAsUser=0')).stdout,
    );
    const pods = objects.flatMap((object) => podOf(object) ?? []);
    expect(pods.length).toBeGreaterThan(2);
    for (const { securityContext } of pods) {
      expect(securityContext).toMatchObject({ runAsNonRoot: true });
      expect(Object.keys(securityContext ?? {})).not.toContain('runAsUser');
      expect(Object.keys(securityContext ?? {})).not.toContain('fsGroup');
    }
  });

  it('gives every controller what sockets need', async () => {
    const controllers = ['nginx', 'traefik', 'haproxy', 'haproxy-ingress', 'contour', 'alb', 'azure', 'none'];
    const base = ['--values', join(here, 'cases', 'existing-secrets.yaml'), '--show-only', 'templates/ingress.yaml'];
    const given: Record<string, unknown> = {};
    for (const controller of controllers) {
      const set = `ingress.enabled=true,ingress.hosts={hermit.example.org},ingress.controller=${controller}`;
      const { stdout } = await template(...base, '--set', set);
      const [ingress] = objectsIn(stdout);
      given[controller] = ingress?.metadata.annotations ?? {};
      if (controller !== 'contour') continue;
      // It compares them with the paths of the rules, and takes no longer one.
      const { rules = [] } = (ingress?.spec ?? {}) as { rules?: { http: { paths: { path: string }[] } }[] };
      const paths = rules.flatMap(({ http }) => http.paths.map(({ path }) => path));
      expect(ingress?.metadata.annotations?.['projectcontour.io/websocket-routes']?.split(',')).toEqual(paths);
    }
    await expect(`${JSON.stringify(given, null, 2)}\n`).toMatchFileSnapshot(golden('ingress-annotations.json'));
  });

  it.each([
    ['nginx-internal', 'nginx.ingress.kubernetes.io/proxy-read-timeout'],
    ['haproxy', 'haproxy.org/timeout-tunnel'],
  ])('tells the controller from the class %s', async (className, annotation) => {
    const base = ['--values', join(here, 'cases', 'existing-secrets.yaml'), '--show-only', 'templates/ingress.yaml'];
    const set = `ingress.enabled=true,ingress.hosts={hermit.example.org},ingress.className=${className}`;
    const { stdout } = await template(...base, '--set', set);
    expect(objectsIn(stdout)[0]?.metadata.annotations).toHaveProperty([annotation]);
  });
});

describe('values that are wrong', () => {
  it.each(casesIn('refused'))('$name is refused in sentences', async ({ name, file }) => {
    const { code, stdout, stderr } = await template('--values', file);
    expect(stdout).toBe('');
    expect(code).not.toBe(0);
    await expect(inOrder(stderr)).toMatchFileSnapshot(golden(`refused-${name}.txt`));
    expect(stderr).not.toContain('hermit:secret');
  });
});

describe('what the chart says beside its templates', () => {
  it('has a schema, a README, dashboards and alerts that are up to date', () => {
    expect(outdated(), 'run: npm run chart').toEqual([]);
  });

  it('is of the version that it installs', () => {
    const { version, appVersion, annotations } = parse(readFileSync(join(chart, 'Chart.yaml'), 'utf8')) as {
      version: string;
      appVersion: string;
      annotations: Record<string, string>;
    };
    const relay = JSON.parse(readFileSync(join(root, 'services', 'relay', 'package.json'), 'utf8')) as {
      version: string;
    };
    expect([version, appVersion]).toEqual([relay.version, relay.version]);
    const images = parse(annotations['artifacthub.io/images'] ?? '') as { image: string }[];
    expect(images.map(({ image }) => image)).toEqual(['relay', 'agent'].map((name) => `hermit-${name}:${version}`));
    expect(readFileSync(join(root, 'deploy', 'docker', 'Dockerfile'), 'utf8')).toContain(
      `ARG VERSION=${relay.version}\n`,
    );
  });

  it('scales where the reckoning of docs/capacity.md does', () => {
    const { autoscaling } = parse(readFileSync(join(chart, 'values.yaml'), 'utf8')) as {
      autoscaling: { targetCPU: string };
    };
    expect(autoscaling.targetCPU).toBe(`${ASSUMED.fill * 1000}m`);
  });

  it('sets no variable that the relay does not read', async () => {
    const known = new Set(Object.keys(Environment.properties).flatMap((name) => [name, `${name}_FILE`]));
    for (const { file } of casesIn('cases')) {
      for (const object of objectsIn((await template('--values', file)).stdout)) {
        const relay = podOf(object)?.containers.find(({ name }) => name === 'relay');
        const set = relay?.env?.map(({ name }) => name) ?? [];
        const strange = set.filter((name) => !known.has(name) && !['DEMO_PASSWORD', 'NODE_OPTIONS'].includes(name));
        expect(strange, nameOf(object)).toEqual([]);
      }
    }
  });

  it('has alerts whose runbooks are there', () => {
    const alerts = readFileSync(join(chart, 'monitoring', 'alerts.yaml'), 'utf8');
    const headings = readFileSync(join(root, 'docs', 'operations.md'), 'utf8').match(/(?<=^#+ )\S+$/gm) ?? [];
    const runbooks = [...alerts.matchAll(/runbook_url: docs\/operations\.md#(\S+)/g)].map(([, anchor]) => anchor);
    expect(runbooks.length).toBeGreaterThan(0);
    const known = headings.map((heading) => heading.toLowerCase());
    expect(runbooks.filter((anchor) => !known.includes(anchor ?? ''))).toEqual([]);
  });

  it('leads from alerts into the manual where it is', async () => {
    const base = ['--values', join(here, 'cases', 'existing-secrets.yaml'), '--show-only', 'templates/metrics.yaml'];
    const manual = 'https://git.example.org/hermit/docs/operations.md';
    const set = `metrics.prometheusRule.enabled=true,metrics.prometheusRule.runbooks=${manual}`;
    const { stdout } = await template(...base, '--set', set);
    const runbooks = stdout.match(/(?<=runbook_url: )\S+/g) ?? [];
    expect(runbooks.length).toBeGreaterThan(15);
    for (const runbook of runbooks)
      expect(runbook).toMatch(/^https:\/\/git\.example\.org\/hermit\/docs\/operations\.md#hermit/);
  });

  it('carries alerts and dashboards as they are', async () => {
    const base = ['--values', join(here, 'cases', 'existing-secrets.yaml'), '--show-only', 'templates/metrics.yaml'];
    const set = 'metrics.prometheusRule.enabled=true,metrics.dashboards.enabled=true';
    const objects = objectsIn((await template(...base, '--set', set)).stdout);
    const rule = objects.find(({ kind }) => kind === 'PrometheusRule');
    const dashboards = objects.find(({ kind }) => kind === 'ConfigMap');
    expect(rule?.spec).toEqual(parse(readFileSync(join(chart, 'monitoring', 'alerts.yaml'), 'utf8')));
    const files = readdirSync(join(chart, 'monitoring')).filter((file) => file.endsWith('.json'));
    expect(Object.keys(dashboards?.data ?? {}).sort()).toEqual(files.sort());
    for (const file of files) {
      const text = readFileSync(join(chart, 'monitoring', file), 'utf8');
      expect(JSON.parse(dashboards?.data?.[file] ?? '')).toEqual(JSON.parse(text));
    }
  });

  it('names each image once a container', async () => {
    const { stdout } = await template('--values', join(here, 'cases', 'everything.yaml'));
    const images = objectsIn(stdout).flatMap((object) => containersOf(podOf(object) ?? { containers: [] }));
    for (const { image } of images) expect(image).toMatch(/^registry\.example\.org\/hermit\/hermit-(relay|agent):/);
  });
});
