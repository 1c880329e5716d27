// Kubernetes objects as they are written, and questions about them.
import { parseAllDocuments } from 'yaml';

export type KubernetesObject = {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string>; annotations?: Record<string, string> };
  spec?: unknown;
  data?: Record<string, string>;
  stringData?: Record<string, string>;
};

type SecurityContext = Record<string, unknown> & {
  capabilities?: { drop?: string[] };
  seccompProfile?: { type: string };
};
type Container = {
  name: string;
  image: string;
  env?: { name: string; value?: string }[];
  securityContext?: SecurityContext;
  lifecycle?: { preStop?: { sleep?: { seconds: number } } };
};
type PodSpec = {
  containers: Container[];
  initContainers?: Container[];
  volumes?: Record<string, unknown>[];
  securityContext?: SecurityContext;
  automountServiceAccountToken?: boolean;
  terminationGracePeriodSeconds?: number;
  hostNetwork?: boolean;
};

/** The objects of a stream of YAML, empty documents left out. */
export function objectsIn(yaml: string): KubernetesObject[] {
  return parseAllDocuments(yaml).flatMap((document) => {
    if (document.errors.length > 0) throw document.errors[0];
    const object = document.toJS() as KubernetesObject | null;
    return object ? [object] : [];
  });
}

export const nameOf = (object: KubernetesObject): string => `${object.kind}/${object.metadata.name}`;

/** The pod that an object is or describes. */
export function podOf(object: KubernetesObject): PodSpec | undefined {
  if (object.kind === 'Pod') return object.spec as PodSpec;
  return (object.spec as { template?: { spec?: PodSpec } } | undefined)?.template?.spec;
}

export const containersOf = (pod: PodSpec): Container[] => [...(pod.initContainers ?? []), ...pod.containers];

/** Where a pod falls short of the Pod Security standard "restricted", or of what this project asks beside it. */
export function insecure(pod: PodSpec): string[] {
  const problems: string[] = [];
  const demand = (met: boolean, problem: string) => {
    if (!met) problems.push(problem);
  };
  const podContext = pod.securityContext ?? {};
  demand(podContext.runAsNonRoot === true, 'runAsNonRoot is not set');
  demand(podContext.seccompProfile?.type === 'RuntimeDefault', 'there is no seccomp profile');
  demand(pod.automountServiceAccountToken === false, 'the token of a service account is mounted');
  demand(pod.hostNetwork !== true, 'it is on the network of the host');
  for (const volume of pod.volumes ?? []) demand(!('hostPath' in volume), 'it mounts a path of the host');
  for (const { name, securityContext: context = {} } of containersOf(pod)) {
    demand(context.allowPrivilegeEscalation === false, `${name} may gain privileges`);
    demand(context.readOnlyRootFilesystem === true, `${name} may write to its root file system`);
    demand(context.capabilities?.drop?.includes('ALL') === true, `${name} keeps capabilities`);
    demand(context.privileged !== true, `${name} is privileged`);
  }
  return problems;
}
