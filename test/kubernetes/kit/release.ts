// A release of the chart in the cluster, as its operator sees it.
import { chart, kubectl, type Ran, run } from './tools.ts';
import { until } from './wait.ts';

type RelayPod = { name: string; image: string; ready: boolean; leaving: boolean; restarts: number };

type PodJson = {
  metadata: { name: string; deletionTimestamp?: string };
  spec: { containers: { image: string }[] };
  status: { conditions?: { type: string; status: string }[]; containerStatuses?: { restartCount: number }[] };
};

export class Release {
  readonly name: string;
  readonly namespace: string;

  constructor(name: string, namespace: string) {
    this.name = name;
    this.namespace = namespace;
  }

  kubectl(...args: string[]): Promise<string> {
    return kubectl('-n', this.namespace, ...args);
  }

  helm(command: string, ...args: string[]): Promise<Ran> {
    return run('helm', [command, this.name, ...args, '--namespace', this.namespace], { deadlineMs: 400_000 });
  }

  /** `command` is install or upgrade; throws with what Helm and the pods say. */
  async apply(command: 'install' | 'upgrade', ...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.helm(command, chart, '--wait', '--timeout', '5m', ...args);
    if (code === 0) return stdout;
    throw new Error(`helm ${command} failed:\n${stderr}\n${await this.diagnosis()}`);
  }

  async relayPods(): Promise<RelayPod[]> {
    const selector = `app.kubernetes.io/instance=${this.name},app.kubernetes.io/component=relay`;
    const { items } = JSON.parse(await this.kubectl('get', 'pods', '-l', selector, '-o', 'json')) as {
      items: PodJson[];
    };
    return items.map(({ metadata, spec, status }) => ({
      name: metadata.name,
      image: spec.containers[0]?.image ?? '',
      ready: status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false,
      leaving: metadata.deletionTimestamp !== undefined,
      restarts: status.containerStatuses?.[0]?.restartCount ?? 0,
    }));
  }

  /** Until there are so many ready pods, and no others, not even such as are leaving. */
  settled(count: number, image?: string): Promise<RelayPod[]> {
    return until(
      `${count} ready relay pods and no others`,
      async () => {
        const pods = await this.relayPods();
        const right = pods.filter(
          (pod) => pod.ready && !pod.leaving && (image === undefined || pod.image.endsWith(image)),
        );
        return pods.length === count && right.length === count && pods;
      },
      { seconds: 240 },
    );
  }

  /** Seconds from the start of each pod's container until the relay said that it serves; Kubernetes rounds the former. */
  async startSeconds(): Promise<number[]> {
    const pods = await this.relayPods();
    const times = pods.map(async ({ name }) => {
      const began = await this.kubectl(
        'get',
        'pod',
        name,
        '-o',
        'jsonpath={.status.containerStatuses[0].state.running.startedAt}',
      );
      const lines = (await this.kubectl('logs', name))
        .split('\n')
        .filter((line) => line.includes('"event":"listening"'));
      const { time } = JSON.parse(lines[0] ?? '{}') as { time?: string };
      return time === undefined ? Number.NaN : (Date.parse(time) - Date.parse(began)) / 1_000;
    });
    return Promise.all(times);
  }

  /** How the drains of these pods end, by what they log; resolves when all of them are gone. */
  async drainsOf(names: readonly string[]): Promise<{ moved: number; closed: number }[]> {
    const logs = names.map((name) =>
      run('kubectl', ['-n', this.namespace, 'logs', '--follow', '--tail=1', name], { deadlineMs: 400_000 }),
    );
    return (await Promise.all(logs)).flatMap(({ stdout }) =>
      stdout
        .split('\n')
        .filter((line) => line.includes('"event":"drain_finished"'))
        .map((line) => JSON.parse(line) as { moved: number; closed: number }),
    );
  }

  /** A command of the demo's Redis. */
  async redis(...args: string[]): Promise<string> {
    const shell = 'REDISCLI_AUTH="$PASSWORD" exec redis-cli "$@"';
    const target = `deployment/${this.name}-demo-redis`;
    return (await this.kubectl('exec', target, '--', 'sh', '-c', shell, 'redis-cli', ...args)).trim();
  }

  async diagnosis(): Promise<string> {
    const parts = await Promise.all([
      run('kubectl', ['-n', this.namespace, 'get', 'pods', '-o', 'wide']),
      run('kubectl', ['-n', this.namespace, 'get', 'events', '--sort-by=.lastTimestamp']),
      run('kubectl', [
        '-n',
        this.namespace,
        'logs',
        '-l',
        'app.kubernetes.io/component=relay',
        '--tail=15',
        '--prefix',
      ]),
    ]);
    return parts.map(({ stdout, stderr }) => (stdout + stderr).slice(-4_000)).join('\n');
  }
}

/** Whatever is left in a namespace of what people make, by kind and name; Kubernetes' own things are not listed. */
export async function contentsOf(namespace: string): Promise<string[]> {
  const kinds = (await kubectl('api-resources', '--namespaced', '--verbs=list', '-o', 'name')).trim().split('\n');
  const passing = kinds.filter(
    (kind) => !/^(events|leases|endpoints|endpointslices|podmetrics|controllerrevisions)\b/.test(kind),
  );
  const found = await kubectl('-n', namespace, 'get', passing.join(','), '-o', 'name', '--ignore-not-found');
  const own = ['configmap/kube-root-ca.crt', 'serviceaccount/default'];
  return found.split('\n').filter((line) => line !== '' && !own.includes(line));
}
