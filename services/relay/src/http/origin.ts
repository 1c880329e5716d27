// Where a request comes from, as people recognise it in a list of logins and in the audit.
import type { FastifyRequest } from 'fastify';
import type { Origin } from '../accounts/accounts.ts';

/** Characters of a name that a program gives itself; the rest is cut off. */
const CLIENT = 200;

/** The address is that of the caller, or of the client whose address a trusted proxy tells. */
export function originOf(request: FastifyRequest): Origin {
  const agent = request.headers['user-agent'] ?? '';
  // It is shown in terminals and pages: printable ASCII alone.
  return { address: request.ip, client: agent.replaceAll(/[^\x20-\x7e]/g, '').slice(0, CLIENT) };
}
