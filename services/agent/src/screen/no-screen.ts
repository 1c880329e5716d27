// No screen at all, for machines that have little to spare: whoever attaches is shown the end of the history instead.
import type { CreateScreen } from './screen.ts';

export const noScreen: CreateScreen = () => ({
  backlog: 0,
  full: false,
  write() {},
  resize() {},
  onCaughtUp() {},
  answer() {},
  onReply() {},
  snapshot(_atLeast, done) {
    // Later, as every answer.
    queueMicrotask(() => done(null));
  },
  dispose() {},
});
