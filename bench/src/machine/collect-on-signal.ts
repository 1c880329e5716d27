// Loaded first into every measured Node process: SIGUSR2 collects garbage, so that memory is compared after a collection.
process.on('SIGUSR2', () => {
  globalThis.gc?.();
});
