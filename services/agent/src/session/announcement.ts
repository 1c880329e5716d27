// What is told of all sessions in one message, within what a relay takes (MSG-2): long texts are cut, and what is still
// too much is left out. It costs nothing where there is little to say.
import { type AttachmentInfo, LIMITS, type SessionInfo } from '@hermit/protocol';

/** One character in JSON at most: \u001b. */
const ESCAPED = 6;
/** All of a session but its command and its title, in JSON. */
const SESSION = 512;
/** A title in JSON. */
const TITLE = 512;
/** All of an attachment but the name of its pod, and all of the message but its lists. */
const ATTACHMENT = 192;
const MESSAGE = 256;

/** Three quarters of a message at most, however many sessions there are. */
export function toldSessions(sessions: readonly SessionInfo[]): SessionInfo[] {
  const each = (LIMITS.agentMessage * 0.75) / LIMITS.sessionsPerMachine - SESSION - TITLE;
  return sessions.map((s) => {
    const command = cut(s.command, each);
    const title = s.title === undefined ? undefined : cut(s.title, TITLE);
    return command === s.command && title === s.title ? s : { ...s, command, ...(title ? { title } : {}) };
  });
}

/** As many attachments as fit beside these sessions. */
export function toldAttachments(
  attachments: readonly AttachmentInfo[],
  sessions: () => readonly SessionInfo[],
): AttachmentInfo[] {
  const most = ATTACHMENT + 64;
  if (attachments.length * most < LIMITS.agentMessage / 8) return [...attachments];
  let room = LIMITS.agentMessage - MESSAGE - JSON.stringify(sessions()).length;
  const fit = attachments.findIndex(({ pod }) => {
    room -= ATTACHMENT + pod.length;
    return room < 0;
  });
  return fit < 0 ? [...attachments] : attachments.slice(0, fit);
}

/** As much of a text as takes `most` characters in JSON. */
function cut(text: string, most: number): string {
  if (text.length * ESCAPED <= most || JSON.stringify(text).length - 2 <= most) return text;
  let room = most;
  let kept = 0;
  for (const character of text) {
    room -= JSON.stringify(character).length - 2;
    if (room < 0) break;
    kept += character.length;
  }
  return text.slice(0, kept);
}
