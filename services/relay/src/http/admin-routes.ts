// For administrators: the whole relay at a glance, by the leases of its pods.
import { PodId, Timestamp } from '@hermit/protocol';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import type { PodPresence } from '../presence/presence.ts';
import { administratorOf, type CallerOptions, demandToken } from './caller.ts';
import { failures } from './http-errors.ts';

/** The pods whose lease holds. Rejects with UNAVAILABLE. */
export type PodReader = () => Promise<PodPresence[]>;

const Count = Type.Integer({ minimum: 0 });
const Figures = {
  machines: Count,
  sessions: Count,
  attachments: Count,
  clients: Count,
  bytesIn: Type.Integer({ minimum: 0, description: 'Received on WebSockets since the pods started' }),
  bytesOut: Type.Integer({ minimum: 0, description: 'Sent on them' }),
};
const PodBody = Type.Object({
  id: PodId,
  version: Type.String(),
  started: Timestamp,
  draining: Type.Boolean({ description: 'It is leaving' }),
  ...Figures,
});
const Overview = Type.Object({
  pods: Type.Array(PodBody, { description: 'Those that are alive, each as of its latest heartbeat' }),
  totals: Type.Object({ pods: Count, draining: Count, ...Figures }),
});

type AdminRoutesOptions = CallerOptions & {
  pods: PodReader;
};

export function adminRoutes(scope: FastifyInstance, options: AdminRoutesOptions): void {
  const app = demandToken(scope, options);

  app.get(
    '/api/admin/overview',
    {
      schema: {
        tags: ['administration'],
        summary: 'The pods, and what they carry; the same figures as in Redis',
        response: { 200: Overview, ...failures('NOT_AUTHENTICATED', 'FORBIDDEN', 'UNAVAILABLE') },
      },
    },
    async (request) => {
      administratorOf(request);
      const alive = (await options.pods()).sort((a, b) => (a.id < b.id ? -1 : 1));
      const pods = alive.map(({ agents: machines, ...pod }) => ({ ...pod, machines }));
      const sum = (figure: keyof typeof Figures) => pods.reduce((total, pod) => total + pod[figure], 0);
      return {
        pods,
        totals: {
          pods: pods.length,
          draining: pods.filter(({ draining }) => draining).length,
          machines: sum('machines'),
          sessions: sum('sessions'),
          attachments: sum('attachments'),
          clients: sum('clients'),
          bytesIn: sum('bytesIn'),
          bytesOut: sum('bytesOut'),
        },
      };
    },
  );
}
