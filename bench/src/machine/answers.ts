// The other end of a Child: a process that says it is ready and answers orders until its parent goes away.

/** Says `ready` and answers each order with what `handle` returns; an error travels as its message. */
export function answerOrders(ready: unknown, handle: (order: never) => Promise<unknown> | unknown): void {
  process.on('message', (message: { id: number; order: never }) => {
    void (async () => {
      try {
        process.send?.({ id: message.id, result: await handle(message.order) });
      } catch (error) {
        process.send?.({
          id: message.id,
          error: error instanceof Error ? (error.stack ?? error.message) : String(error),
        });
      }
    })();
  });
  process.on('disconnect', () => process.exit(0));
  // Ctrl-C reaches the whole foreground group; the run itself decides when its pieces go.
  process.on('SIGINT', () => undefined);
  process.send?.({ id: 0, result: ready });
}
