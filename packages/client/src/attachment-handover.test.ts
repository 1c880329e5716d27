// In a handover the old link still says what the agent has applied, perhaps before the new one has answered (DRAIN-3).
import { expect, it } from 'vitest';
import { bytes, HandNet, NotedView } from './kit/hand-relay.ts';

it('loses no input when an acknowledgement by the old link overtakes the answer to the attach', () => {
  const net = new HandNet();
  const view = new NotedView();
  const a = net.attach(view, { mode: 'stream', from: 0 });
  const old = net.socket;
  old.attached();
  a.type(bytes('first'));
  old.say({ type: 'draining', withinMs: 1000 });
  net.clock.advance(5);
  const next = net.socket;
  next.welcome('pod-2');
  a.type(bytes('second'));
  expect(next.last('attach').inputFrom).toBe(0);
  // The agent was asked by the new pod before it applied what came by the old one.
  old.inputAck(5);
  next.attached({ inputOffset: 0 });
  expect(view.told).not.toContain('refused INPUT_LOST');
  expect(next.all('attach')).toHaveLength(1);
  expect(next.inputs).toEqual([{ at: 5, text: 'second', reply: false }]);
});
