// The command line inside the test's own process, with what it printed: many calls, and no start-up each.
import { PassThrough, Writable } from 'node:stream';
import { Context, type Streams } from '../../../packages/cli/src/context.ts';
import { run } from '../../../packages/cli/src/program.ts';

export async function hermit(words: readonly string[], env: Record<string, string> = {}) {
  const [out, err] = [sink(), sink()];
  const stdin = new PassThrough();
  stdin.end();
  const streams = { stdin, stdout: out.stream, stderr: err.stream } as unknown as Streams;
  const code = await run(new Context({ HOME: '/nonexistent', ...env }, streams), words);
  return { code, out: out.text(), err: err.text() };
}

function sink() {
  let text = '';
  const stream = new Writable({
    write(piece, _, done) {
      text += String(piece);
      done();
    },
  });
  return { stream, text: () => text };
}
