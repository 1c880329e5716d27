// What the core counts in plain numbers, as metrics: read at each scrape, so that the hot path only adds.
import type { Counter } from 'prom-client';
import type { Pod } from '../relay/pod.ts';
import type { Metrics } from './metrics.ts';

export function readPod(metrics: Metrics, pod: Pod, version: string): void {
  metrics.podInfo.set({ pod: pod.id, version }, 1);
  metrics.onScrape(() => {
    readCounters(metrics, pod);
    readGauges(metrics, pod);
  });
}

function readCounters(metrics: Metrics, { counters }: Pod): void {
  const c = counters;
  put(metrics.receivedFrames, 'from', { agent: c.framesFromAgents, client: c.framesFromClients });
  put(metrics.receivedBytes, 'from', { agent: c.bytesFromAgents, client: c.bytesFromClients });
  put(metrics.deliveredFrames, 'path', { local: c.framesLocal, redis: c.framesRemote });
  put(metrics.deliveredBytes, 'path', { local: c.bytesLocal, redis: c.bytesRemote });
  put(metrics.inputFrames, 'path', { local: c.inputFramesLocal, redis: c.inputFramesRemote });
  put(metrics.inputBytes, 'path', { local: c.inputBytesLocal, redis: c.inputBytesRemote });
  put(metrics.busMessages, 'direction', { published: c.published, received: c.received });
  put(metrics.busBytes, 'direction', { published: c.publishedBytes, received: c.receivedBytes });
  put(metrics.catchUps, 'cause', { gap: c.catchUpsGap, congestion: c.catchUpsCongestion, tip: c.catchUpsTip });
  put(metrics.registrations, 'result', { registered: c.registrations, refused: c.refusals });
  put(metrics.authentications, 'result', { accepted: c.authentications, refused: c.authenticationsRefused });
  put(metrics.drained, 'outcome', { moved: c.drainMoved, closed: c.drainClosed });
  one(metrics.busLost, c.publishLost);
  one(metrics.demotions, c.demotions);
  one(metrics.droppedFrames, c.framesDropped);
  one(metrics.historyLost, c.historyLost);
  one(metrics.snapshots, c.snapshots);
  one(metrics.inputGaps, c.inputGaps);
  one(metrics.inputRefused, c.inputRefused);
  one(metrics.ptyPaused, c.ptyPausedMs / 1000);
  one(metrics.attaches, c.attaches);
  one(metrics.ownershipLost, c.ownershipLost);
  one(metrics.badMessages, c.badMessages);
  one(metrics.overflows, c.overflows);
}

function readGauges(metrics: Metrics, pod: Pod): void {
  const attachments = { attaching: 0, live: 0, catching_up: 0, congested: 0 };
  const buffered = { agent: 0, client: 0 };
  for (const client of pod.clients) {
    buffered.client += client.socket.buffered;
    for (const { viewer } of client.seats.taken.all) attachments[viewer.state]++;
  }
  for (const agent of pod.agents) buffered.agent += agent.socket.buffered;
  const sessions = { running: 0, ended: 0 };
  let paused = 0;
  for (const owned of pod.machines.owned.values()) {
    sessions.running += owned.sessionCount - owned.endedCount;
    sessions.ended += owned.endedCount;
    paused += owned.ptysPaused;
  }
  metrics.connections.set({ kind: 'agent' }, pod.agents.size);
  metrics.connections.set({ kind: 'client' }, pod.clients.size);
  metrics.machines.set(pod.machines.owned.size);
  for (const [state, count] of Object.entries(sessions)) metrics.sessions.set({ state }, count);
  for (const [state, count] of Object.entries(attachments)) metrics.attachments.set({ state }, count);
  for (const [kind, bytes] of Object.entries(buffered)) metrics.bufferedBytes.set({ kind }, bytes);
  metrics.ptysPaused.set(paused);
  metrics.requestsPending.set(pod.requests.size);
  metrics.draining.set(pod.draining ? 1 : 0);
}

function one(counter: Counter, value: number): void {
  counter.reset();
  counter.inc(value);
}

function put(counter: Counter, label: string, values: Readonly<Record<string, number>>): void {
  counter.reset();
  for (const [name, value] of Object.entries(values)) counter.inc({ [label]: name }, value);
}
