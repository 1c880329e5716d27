// Assembly of an agent: sessions on one side, the link to the relay on the other.
import { Link, type LinkParts } from './link/link.ts';
import { Sessions, type Surroundings } from './session/sessions.ts';

export type AgentParts = LinkParts & Surroundings;

export type Agent = { readonly link: Link; readonly sessions: Sessions };

/** An agent that does nothing until `link.start()`. */
export function createAgent(parts: AgentParts): Agent {
  const link = new Link(parts);
  const sessions = new Sessions(link, parts);
  link.sessions = sessions;
  return { link, sessions };
}
