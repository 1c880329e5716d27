// Finds the machine and the session that a command line names.
import type { HermitClient } from '@hermit/client';
import { HermitError, type MachineInfo, type SessionInfo } from '@hermit/protocol';
import type { Context } from '../context.ts';
import { EXIT, Failure } from '../failure.ts';
import { printable } from '../output/printable.ts';
import { resolve } from './resolve.ts';

export async function findMachine(context: Context, client: HermitClient, given: string): Promise<MachineInfo> {
  return resolve('machine', given, await context.wait('Looking for the machine', client.machines()));
}

export async function sessionsOf(context: Context, client: HermitClient, machine: MachineInfo): Promise<SessionInfo[]> {
  try {
    return await context.wait(`Asking ${printable(machine.name)}`, client.sessions(machine.id));
  } catch (error) {
    throw explained(error, machine);
  }
}

/** Of several sessions with one name, those that still run are meant. */
export async function findSession(
  context: Context,
  client: HermitClient,
  machine: MachineInfo,
  given: string,
): Promise<SessionInfo> {
  const sessions = await sessionsOf(context, client, machine);
  return resolve('session', given, sessions, (session) => (session.exit ? 0 : 1));
}

/** An error about a machine, with its name. */
export function explained(error: unknown, machine: MachineInfo): unknown {
  if (!(error instanceof HermitError)) return error;
  const name = `"${printable(machine.name)}"`;
  if (error.code === 'MACHINE_OFFLINE')
    return new Failure(EXIT.unreachable, `The machine ${name} is offline.`, 'Start its agent, and try again.');
  if (error.code === 'TIMEOUT') return new Failure(EXIT.unreachable, `The machine ${name} does not answer.`);
  return error;
}
