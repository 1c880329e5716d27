// A load process: takes one order at a time, and says with each answer how busy it was.
import '@hermit/transport/collector';
import { compileSoon } from '@hermit/transport/compiler';
import { answerOrders } from '../machine/answers.ts';
import { crowd } from './crowd.ts';
import { feeder } from './feeder.ts';
import { floods } from './floods.ts';
import { watchHealth } from './health.ts';
import { lightAgents } from './light-agents.ts';
import type { LoadOrder, LoadOrders, Reply } from './orders.ts';
import { paintTimes } from './painter.ts';
import { type } from './typist.ts';
import { watch } from './watch.ts';

type Handlers = { [K in keyof LoadOrders]: (order: LoadOrders[K]['order']) => Promise<LoadOrders[K]['result']> };

const handlers: Handlers = {
  type,
  'flood-start': floods.start,
  'flood-stop': floods.stop,
  'watch-open': watch.open,
  'watch-run': watch.run,
  'watch-close': watch.close,
  'feed-open': feeder.open,
  'feed-run': feeder.run,
  'feed-close': feeder.close,
  'idle-open': crowd.open,
  'idle-visit': crowd.visit,
  'idle-close': crowd.close,
  'agents-open': lightAgents.open,
  'agents-back': lightAgents.back,
  'agents-close': lightAgents.close,
  paint: paintTimes,
};

async function attended<T>(work: Promise<T>): Promise<Reply<T>> {
  const health = watchHealth();
  const result = await work;
  return { result, health: health() };
}

compileSoon();
answerOrders({}, (order: LoadOrder) => attended((handlers[order.do] as (order: LoadOrder) => Promise<unknown>)(order)));
