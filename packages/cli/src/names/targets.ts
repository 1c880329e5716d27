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

/** A session of one's own machines, or else one that somebody shares. */
export async function findTarget(
  context: Context,
  client: HermitClient,
  givenMachine: string,
  givenSession: string,
): Promise<{ machine: MachineInfo; session: SessionInfo }> {
  let machine: MachineInfo;
  try {
    machine = await findMachine(context, client, givenMachine);
  } catch (error) {
    if (!(error instanceof Failure) || error.exitCode !== EXIT.notFound) throw error;
    const shared = await findShared(client, givenMachine, givenSession);
    if (shared === null) throw error;
    return shared;
  }
  return { machine, session: await findSession(context, client, machine, givenSession) };
}

/** Null: nothing is shared of a machine that is named so. */
async function findShared(client: HermitClient, givenMachine: string, givenSession: string) {
  const { received } = await client.api.shares(await client.accessToken());
  const machines = new Map(received.map(({ machineId: id, machineName: name }) => [id, { id, name }]));
  let named: { id: string; name: string };
  try {
    named = resolve('machine', givenMachine, [...machines.values()]);
  } catch {
    return null;
  }
  const shares = received.filter(({ machineId }) => machineId === named.id);
  // One session may be shared more than once, with the user and by a link.
  const sessions = [...new Map(shares.flatMap(({ session }) => (session ? [[session.id, session]] : []))).values()];
  if (sessions.length === 0) {
    const message = `The machine "${printable(named.name)}" is offline, or what was shared has ended.`;
    throw new Failure(EXIT.unreachable, message);
  }
  const session = resolve('session', givenSession, sessions, ({ exit }) => (exit ? 0 : 1));
  return { machine: { ...named, online: true, lastSeen: null, sessionCount: sessions.length }, session };
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
