// Imports a contestant's driver into a load process.
import type { DriverAt, LightAgentDriver, ViewerDriver } from './driver.ts';

async function load(at: DriverAt): Promise<unknown> {
  const loaded = (await import(at.module)) as { driver?: unknown };
  if (!loaded.driver) throw new Error(`${at.module} exports no driver`);
  return loaded.driver;
}

export async function viewerDriver(at: DriverAt): Promise<ViewerDriver<unknown>> {
  return (await load(at)) as ViewerDriver<unknown>;
}

export async function lightAgentDriver(at: DriverAt): Promise<LightAgentDriver<unknown>> {
  return (await load(at)) as LightAgentDriver<unknown>;
}
