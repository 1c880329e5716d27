// The wire of Hermit, for agents, clients and relays.
export * from './errors.ts';
export * from './frames.ts';
export * from './limits.ts';
export * from './messages/agent-to-relay.ts';
export * from './messages/client-to-relay.ts';
export * from './messages/common.ts';
export * from './messages/relay-to-agent.ts';
export * from './messages/relay-to-client.ts';
export * from './parse.ts';
export * from './presence.ts';
export * from './snapshot.ts';
export * from './uuid.ts';
export * from './version.ts';
export * from './whole-characters.ts';
