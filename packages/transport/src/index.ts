// The reconnecting socket, and the clock, randomness and sockets that cores take from outside.
export * from './backoff.ts';
export * from './clock.ts';
export * from './liveness.ts';
export * from './random.ts';
export * from './socket.ts';
