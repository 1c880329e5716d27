// What the core tells whoever watches it. What nobody asks for costs one comparison.

/** A piece of work that takes time, on the way through several parts. */
export interface Span {
  set(name: string, value: string | number | boolean): void;
  /** `failure`: an error code; nothing when it went well. Only the first call counts. */
  end(failure?: string): void;
}

type SpanName = 'attach' | 'create_session';

/** Somebody looks at a session, or has stopped. `offset`: the first byte they want, or did not get; null: a screen. */
export type Look = {
  userId: string;
  machineId: string;
  sessionId: string;
  address: string;
  readOnly: boolean;
  offset: number | null;
};

export type PodObserver = {
  attached?: (look: Look) => void;
  detached?: (look: Look) => void;
  /** A socket did not introduce itself in time, or with a token that is none. */
  intruder?: (address: string) => void;
  /** From a keystroke on its way to the agent to the next output of its session; `local`: the agent is on this pod. */
  echo?: (elapsedMs: number, local: boolean) => void;
  /** `connection`: id of the client's connection. */
  span?: (name: SpanName, connection: string) => Span;
};
