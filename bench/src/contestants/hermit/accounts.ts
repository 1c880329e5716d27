// A user and machines, made through the relay's API as anybody makes them.
import { call } from './api-call.ts';
import { Login } from './login.ts';

export interface Machine {
  id: string;
  name: string;
  token: string;
}

export const EMAIL = 'bench@example.org';
export const PASSWORD = 'correct horse battery staple';
/** Machines that are added at once. */
const ADDING = 25;
const READY_MS = 30_000;
const ONLINE_MS = 15_000;

export async function untilReady(url: string, alive: () => boolean): Promise<void> {
  await until(READY_MS, `The pod at ${url} is not ready`, async () => {
    if (!alive()) throw new Error('A pod ended while it started.');
    return (await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) }).catch(() => null))?.ok === true;
  });
}

/** The owner of everything in a benchmark. */
export class Owner {
  private readonly url: string;
  private readonly login: Login;

  private constructor(url: string, login: Login) {
    this.url = url;
    this.login = login;
  }

  static async register(url: string): Promise<Owner> {
    await call('POST', `${url}/auth/register`, { email: EMAIL, password: PASSWORD });
    return new Owner(url, new Login(url, EMAIL, PASSWORD));
  }

  async addMachines(names: readonly string[]): Promise<Machine[]> {
    const machines: Machine[] = [];
    for (let first = 0; first < names.length; first += ADDING) {
      const some = names.slice(first, first + ADDING).map((name) => this.addMachine(name));
      machines.push(...(await Promise.all(some)));
    }
    return machines;
  }

  async untilOnline(machineId: string): Promise<void> {
    type Listed = { machines: { id: string; online: boolean }[] };
    await until(ONLINE_MS, 'The agent did not register', async () => {
      const { machines } = await call<Listed>('GET', `${this.url}/api/machines`, undefined, await this.login.token());
      return machines.find(({ id }) => id === machineId)?.online === true;
    });
  }

  private async addMachine(name: string): Promise<Machine> {
    type Added = { machine: { id: string }; token: string };
    const token = await this.login.token();
    const added = await call<Added>('POST', `${this.url}/api/machines`, { name }, token);
    return { id: added.machine.id, name, token: added.token };
  }
}

async function until(deadlineMs: number, what: string, condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`${what} within ${deadlineMs} ms.`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
