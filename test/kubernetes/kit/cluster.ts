// The cluster that the tests run in: the one that KUBECONFIG names, or a development cluster for as long as it takes.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { clusterEnvironment, clusterTool, type Ran, run } from './tools.ts';

export type Cluster = {
  /** What the tests read, and what helm and kubectl read. */
  env: NodeJS.ProcessEnv;
  /** Stops what was started for them. */
  leave(): Promise<void>;
};

/** What each step may take, milliseconds: several times what it takes on two busy cores. */
const WITHIN = { answer: 20_000, docker: 120_000, baseImages: 240_000, up: 180_000, ingress: 60_000, stop: 90_000 };

const say = (line: string) => console.log(`   ${line}`);

/** As `run`; a program that is not there has failed, too. */
const attempt = (program: string, args: readonly string[], deadlineMs: number): Promise<Ran> =>
  run(program, args, { deadlineMs }).catch((error: Error) => ({ code: 127, stdout: '', stderr: error.message }));

const dockerAnswers = async () => (await attempt('docker', ['info'], WITHIN.answer)).code === 0;

/** A cluster with an ingress controller, and a Docker Engine for its images; or why there is none. */
export async function provideCluster(): Promise<Cluster | { notRun: string }> {
  if (process.env.KUBECONFIG) {
    const { code, stderr } = await attempt('kubectl', ['version', '--request-timeout=10s'], WITHIN.answer);
    if (code !== 0) return { notRun: `the cluster of KUBECONFIG does not answer: ${stderr.trim()}` };
    const tool = clusterTool();
    const ours = tool !== undefined && clusterEnvironment(tool)?.kubeconfig === process.env.KUBECONFIG;
    if (ours && tool) return developmentCluster(tool);
    if (!(await dockerAnswers())) return { notRun: 'no Docker Engine answers, which builds the images' };
    if (!process.env.HERMIT_IMAGE_LOAD || !process.env.HERMIT_INGRESS_URL) {
      return { notRun: 'set HERMIT_IMAGE_LOAD and HERMIT_INGRESS_URL for the cluster of KUBECONFIG (see --help)' };
    }
    return { env: {}, leave: async () => {} };
  }
  const tool = clusterTool();
  if (tool === undefined) return { notRun: 'no cluster: set KUBECONFIG, or HERMIT_CLUSTER_TOOL (see --help)' };
  const binaries = clusterEnvironment(tool)?.path;
  if (!binaries || !['hyperkube', 'coredns', 'helm', 'traefik'].every((name) => existsSync(join(binaries, name)))) {
    return { notRun: `the development cluster is not built yet: run "${tool} build" once` };
  }
  if (process.getuid?.() !== 0) return { notRun: 'the development cluster has to be started by root' };
  return developmentCluster(tool);
}

/** What is running already is used, and left running. */
async function developmentCluster(tool: string): Promise<Cluster | { notRun: string }> {
  const { stdout: running } = await attempt(tool, ['status'], WITHIN.answer);
  const runs = (component: string) => new RegExp(`^${component} +running`, 'm').test(running);
  const undo: string[][] = [];
  const leave = async () => {
    for (const args of undo) {
      say(`${tool} ${args.join(' ')}`);
      const { code, stderr } = await attempt(tool, args, WITHIN.stop);
      if (code !== 0) say(`it failed: ${lastLines(stderr)}`);
    }
  };
  const steps: { title: string; program: string; args: string[]; within: number; undo?: string[] }[] = [];
  if (!runs('docker') && !(await dockerAnswers())) {
    const undo = ['stop', 'docker'];
    steps.push({ title: 'starting a Docker Engine', program: tool, args: ['docker'], within: WITHIN.docker, undo });
  }
  const baseImages = join(tool, '..', 'base-images');
  steps.push({ title: 'base images', program: baseImages, args: [], within: WITHIN.baseImages });
  const down = runs('kube-apiserver') ? {} : { undo: ['down'] };
  steps.push({ title: 'starting the cluster', program: tool, args: ['up'], within: WITHIN.up, ...down });
  steps.push({ title: 'starting its ingress', program: tool, args: ['ingress'], within: WITHIN.ingress });
  for (const step of steps) {
    say(step.title);
    if (step.undo) undo.unshift(step.undo);
    const { code, stdout, stderr } = await attempt(step.program, step.args, step.within);
    if (code === 0) continue;
    await leave();
    return { notRun: `${step.title} failed: ${lastLines(stderr || stdout)}` };
  }
  const environment = clusterEnvironment(tool);
  if (!environment) {
    await leave();
    return { notRun: `${tool} env does not tell where the cluster is` };
  }
  return {
    env: {
      KUBECONFIG: environment.kubeconfig,
      HERMIT_IMAGE_LOAD: `${tool} load`,
      HERMIT_INGRESS_URL: `http://${(process.env.CLUSTER_INGRESS_HTTP ?? '127.0.0.1:8080').replace('127.0.0.1', 'localhost')}`,
      HERMIT_INGRESS_CLASS: 'traefik',
    },
    leave,
  };
}

const lastLines = (text: string): string => text.trim().split('\n').slice(-4).join(' | ') || 'it says nothing';
