// One connection to a pod: when it pings, when it is dead, and that one which is left while it is dialled is not opened.
import type { Socket } from '@hermit/transport';
import { expect, it } from 'vitest';
import { HandClock } from '../kit/hand-relay.ts';
import { RelayConnection } from './relay-connection.ts';

function dialled() {
  const clock = new HandClock();
  const began = clock.now();
  const seen: string[] = [];
  const note = (what: string) => seen.push(`${what} ${(clock.now() - began) / 1000}`);
  const socket: Socket = {
    ...{ open: true, buffered: 0, sendBinary() {}, whenBelow() {} },
    events: { text() {}, binary() {}, close() {} },
    sendText: (message) => note((JSON.parse(message) as { type: string }).type),
    close: () => note('close'),
    terminate: () => note('terminate'),
  };
  let open = () => {};
  const connection = new RelayConnection(
    'ws://relay.test',
    1,
    (_url, _events, opened) => {
      open = () => opened(socket);
      return { cancel: () => note('cancel') };
    },
    clock,
    { opened: () => note('opened'), text() {}, binary() {}, closed: (_c, code) => note(`closed ${code}`) },
  );
  return { clock, seen, connection, open: () => open() };
}

it('pings after 20 s and holds the pod for dead after 45 s of silence (MSG-5)', () => {
  const { clock, seen, connection, open } = dialled();
  open();
  connection.answered = true;
  clock.advance(60_000);
  expect(seen).toEqual(['opened 0', 'ping 20', 'ping 40', 'closed 1006 45', 'terminate 45']);
});

it('is not opened any more when it is left while it is dialled', () => {
  const { clock, seen, connection, open } = dialled();
  connection.close();
  expect(seen).toEqual(['closed 1000 0', 'cancel 0']);
  open();
  clock.advance(60_000);
  expect(seen.slice(2)).toEqual(['close 0']);
});
