#!/usr/bin/env node
// npm run test:kubernetes: packages, chart and images, and a real cluster where one can be had.
import { installWhatIsMissing } from './setup/install.mjs';
import { handOver, refuseOldNode } from './setup/pinned-node.mjs';

const help = `npm run test:kubernetes: tries what operators install, and closes with the line "N passed, N failed".

Parts, in this order:
  packages   npm pack, and what people get from it in an empty directory
  chart      helm lint, templates against golden files, refused values, kustomize against the chart
  cluster    a real install: upgraded, scaled, drained and uninstalled with terminals open

  npm run test:kubernetes                    all that can be run here
  npm run test:kubernetes -- chart           these parts
  npm run test:kubernetes -- chart -u        writes the golden files anew
  npm run test:kubernetes -- --require       a part that cannot be run counts as failed

Helm and kubectl are those on the PATH, or those of the development cluster.

The cluster is the one that KUBECONFIG names. Without it, a development cluster is started, and stopped afterwards, by
the tool that HERMIT_CLUSTER_TOOL names (a program with the commands status, env, docker, up, ingress, load and down), or
by one that stands in a directory beside this repository. So is a Docker Engine. Both come up, and the images are built,
while the other parts run. What cannot be had is said to be NOT RUN, with the reason; every step has a deadline, and all
of it ends within 20 minutes.

  HERMIT_IMAGES_BUILT=1   takes the images hermit-relay and hermit-agent that there are

Environment, for a cluster of your own:
  HERMIT_IMAGE_LOAD    how an image gets there, such as "kind load docker-image"
  HERMIT_INGRESS_URL   where its ingress controller is reached, such as http://localhost:8080
  HERMIT_INGRESS_CLASS its ingress class`;

const args = process.argv.slice(2);
if (args.includes('--help') || args.includes('-h')) {
  console.log(help);
} else {
  refuseOldNode();
  await installWhatIsMissing();
  handOver('test/kubernetes/main.ts', args);
}
