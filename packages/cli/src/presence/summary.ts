// The cluster in one line, and what is wrong with what was read.

import { PRESENCE_VERSION } from '@hermit/protocol';
import type { Style } from '../output/style.ts';
import type { Fleet } from './fleet.ts';
import { count } from './quantities.ts';

export function summary({ pods, machines }: Fleet, style: Style): string {
  const draining = pods.filter((pod) => pod.draining).length;
  const sum = (numbers: number[]) => count(numbers.reduce((a, b) => a + b, 0));
  const part = (label: string, value: string) => `${label} ${style.bold(value)}`;
  return [
    part('Pods', count(pods.length)) + (draining > 0 ? style.yellow(` (${draining} draining)`) : ''),
    part('Machines', count(machines.length)),
    part('Sessions', sum(machines.map(({ sessionCount }) => sessionCount))),
    part('Attached', sum(machines.map(({ attachmentCount }) => attachmentCount))),
    part('Clients', sum(pods.map(({ clients }) => clients))),
  ].join('   ');
}

/** What who reads should know; nothing most of the time. */
export function remarks({ contract, leftOut, pods, machines }: Fleet): string[] {
  const said: string[] = [];
  if (contract > PRESENCE_VERSION) {
    said.push(
      `The relay writes version ${contract} of what is read here, this is made for ${PRESENCE_VERSION}: update hermit.`,
    );
  }
  if (leftOut > 0) said.push(`${count(leftOut)} more machines are online than one look takes.`);
  if (pods.length === 0 && machines.length > 0) said.push('No pod is alive: what is shown ends with its leases.');
  if (pods.length === 0 && machines.length === 0) said.push('Nothing is online.');
  return said;
}
