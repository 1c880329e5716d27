// Progress on standard error: one line that changes on a terminal, plain lines elsewhere.

export interface Progress {
  step(text: string): void;
  done(): void;
}

export function progressTo(stream: NodeJS.WriteStream): Progress {
  const startedAt = performance.now();
  const stamp = () => `${Math.round((performance.now() - startedAt) / 1000)} s`.padStart(6);
  if (!stream.isTTY) {
    return { step: (text) => void stream.write(`${stamp()}  ${text}\n`), done: () => undefined };
  }
  const clear = '\r\x1b[K';
  return {
    step: (text) => void stream.write(`${clear}${stamp()}  ${text}`.slice(0, stream.columns + clear.length - 1)),
    done: () => void stream.write(clear),
  };
}
