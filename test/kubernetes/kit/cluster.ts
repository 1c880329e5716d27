// The cluster that the tests run in: the one that KUBECONFIG names, or a development cluster for as long as it takes.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { clusterEnvironment, clusterTool, must, run } from './tools.ts';

export type Cluster = {
  /** What the tests read, and what helm and kubectl read. */
  env: NodeJS.ProcessEnv;
  /** Stops what was started for them. */
  leave(): Promise<void>;
};

const say = (line: string) => console.log(`   ${line}`);

/** A cluster with an ingress controller, and a Docker Engine for its images; or why there is none. */
export async function provideCluster(): Promise<Cluster | { notRun: string }> {
  const docker = async () => (await run('docker', ['info']).catch(() => ({ code: 1 }))).code === 0;
  if (process.env.KUBECONFIG) {
    const { code, stderr } = await run('kubectl', ['version', '--request-timeout=10s']);
    if (code !== 0) return { notRun: `the cluster of KUBECONFIG does not answer: ${stderr.trim()}` };
    const tool = clusterTool();
    const ours = tool !== undefined && clusterEnvironment(tool)?.kubeconfig === process.env.KUBECONFIG;
    if (ours && tool) return developmentCluster(tool);
    if (!(await docker())) return { notRun: 'no Docker Engine answers, which builds the images' };
    if (!process.env.HERMIT_IMAGE_LOAD || !process.env.HERMIT_INGRESS_URL) {
      return { notRun: 'set HERMIT_IMAGE_LOAD and HERMIT_INGRESS_URL for the cluster of KUBECONFIG (see --help)' };
    }
    return { env: {}, leave: async () => {} };
  }
  const tool = clusterTool();
  if (tool === undefined) return { notRun: 'no cluster: set KUBECONFIG, or HERMIT_CLUSTER_TOOL (see --help)' };
  const binaries = clusterEnvironment(tool)?.path;
  if (!binaries || !['hyperkube', 'helm', 'traefik'].every((name) => existsSync(join(binaries, name)))) {
    return { notRun: `the development cluster is not built yet: run "${tool} build" once` };
  }
  return developmentCluster(tool);
}

/** What is running already is used, and left running. */
async function developmentCluster(tool: string): Promise<Cluster> {
  const running = (await run(tool, ['status'])).stdout;
  const runs = (component: string) => new RegExp(`^${component} +running`, 'm').test(running);
  const undo: string[][] = [];
  if (!runs('docker') && (await run('docker', ['info']).catch(() => ({ code: 1 }))).code !== 0) {
    say('starting a Docker Engine');
    undo.unshift(['stop', 'docker']);
    await must(tool, ['docker']);
  }
  say('base images');
  await must(join(tool, '..', 'base-images'), []);
  if (!runs('kube-apiserver')) {
    say('starting the cluster');
    undo.unshift(['down']);
  }
  await must(tool, ['up']);
  await must(tool, ['ingress']);
  const environment = clusterEnvironment(tool);
  if (!environment) throw new Error(`${tool} env says nothing`);
  return {
    env: {
      KUBECONFIG: environment.kubeconfig,
      HERMIT_IMAGE_LOAD: `${tool} load`,
      HERMIT_INGRESS_URL: `http://${(process.env.CLUSTER_INGRESS_HTTP ?? '127.0.0.1:8080').replace('127.0.0.1', 'localhost')}`,
      HERMIT_INGRESS_CLASS: 'traefik',
    },
    async leave() {
      for (const args of undo) {
        say(`${tool} ${args.join(' ')}`);
        await run(tool, args);
      }
    },
  };
}
