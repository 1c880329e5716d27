// docs/logs.md, made from the catalogue.
import { EVENTS, FIELDS } from './events.ts';

export function logsPage(): string {
  const events = Object.entries(EVENTS).map(
    ([name, { level, fields, meaning }]) =>
      `| \`${name}\` | ${level} | ${meaning} | ${(fields as readonly string[]).map((field) => `\`${field}\``).join(', ')} |`,
  );
  const fields = Object.entries(FIELDS).map(([name, meaning]) => `| \`${name}\` | ${meaning} |`);
  return `# Logs

<!-- Made from services/relay/src/telemetry/events.ts: npm run docs -->

A relay pod writes one JSON object per line to its standard output. Every line has \`level\`, \`time\` (UTC), \`pod\`,
\`event\` and \`msg\` (the meaning below), and the fields of its event. \`LOG_LEVEL\` is \`info\` unless set; \`debug\` adds
a line for each HTTP request, and what passes through the pod of the agent.

- **Following one client.** \`connection\` names its WebSocket. The pod of the client hands it on with what the client
  asks for, so that one search finds the lines of all pods. \`attachment\` stays the same when the client reconnects, and
  \`session\` as long as the program runs. Answers of the HTTP API carry \`x-request-id\`, which is \`request\` in the log.
- **Storms.** At most 20 lines of one event are written in a second. What is more is counted: \`events_suppressed\` says
  how many, and of what; \`hermit_log_suppressed_total\` counts them.
- **Secrets.** No line holds a token, a password or a byte of a terminal: only the fields below can be written, their
  text is bounded, and what looks like a credential in the sentence of an error is replaced by \`[hidden]\`. A test reads
  everything that two pods write in a full day of theirs at the level \`trace\`.

| event | level | meaning | fields |
|---|---|---|---|
${events.join('\n')}

| field | what it holds |
|---|---|
${fields.join('\n')}
`;
}
