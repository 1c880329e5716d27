// Writes the events of the catalogue as lines of JSON: bounded in number and length, and without secrets.
import { type DestinationStream, pino } from 'pino';
import { EVENTS, type EventName, type Level, type Log } from './events.ts';
import { redacted } from './redaction.ts';

/** Lines of one event in one second; what is more is counted and told at its end. */
const MOST = 20;
const SECOND = 1_000;

type EventLogOptions = {
  level: string;
  /** Written on every line. */
  pod: string;
  destination?: DestinationStream;
  /** Hears of each line, and of each one that was left out. */
  observer?: { written?: (level: Level) => void; suppressed?: () => void };
};

type EventLog = { log: Log; close(): void };

export function createEventLog(options: EventLogOptions): EventLog {
  const { level, pod, destination, observer = {} } = options;
  const settings = {
    level,
    base: { pod },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const writer = destination ? pino(settings, destination) : pino(settings);
  const counts = new Map<EventName, number>();
  let timer: NodeJS.Timeout | undefined;

  const write: Log = (event, fields) => {
    const { level: at, meaning } = EVENTS[event];
    if (!writer.isLevelEnabled(at)) return;
    observer.written?.(at);
    writer[at]({ event, ...clean(fields) }, meaning);
  };

  const endSecond = (): void => {
    timer = undefined;
    for (const [of, count] of counts) if (count > MOST) write('events_suppressed', { of, count: count - MOST });
    counts.clear();
  };

  return {
    log(event, fields) {
      if (!writer.isLevelEnabled(EVENTS[event].level)) return;
      const count = (counts.get(event) ?? 0) + 1;
      counts.set(event, count);
      timer ??= setTimeout(endSecond, SECOND).unref();
      if (count > MOST) observer.suppressed?.();
      else write(event, fields);
    },
    close() {
      clearTimeout(timer);
      endSecond();
    },
  };
}

function clean(fields: object | undefined): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields ?? {})) {
    if (value === undefined || value === '') continue;
    result[name] = typeof value === 'string' ? redacted(value) : value;
  }
  return result;
}
