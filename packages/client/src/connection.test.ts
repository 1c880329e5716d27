// A connection through everything that happens to sockets.
import { describe, expect, it } from 'vitest';
import { bytes, HandNet, MACHINE, NotedView, SESSION, USER } from './kit/hand-relay.ts';

const OTHER_SESSION = '55555555-5555-4555-8555-555555555555';

function live(options = {}, seed = 1) {
  const net = new HandNet(options, seed);
  net.connection.start();
  net.socket.welcome();
  return net;
}

describe('introducing itself', () => {
  it('says who it is, and is live when it is known', () => {
    const net = live();
    expect(net.socket.last('auth')).toMatchObject({ token: 'token', encoding: 'binary', protocol: 1 });
    expect(net.connection.state).toMatchObject({ name: 'live', pod: 'pod-1' });
    expect(net.stateNames).toEqual(['connecting', 'live']);
  });

  it('asks for another token when one is refused, and gives up when that does not help', () => {
    const asked: (string | null)[] = [];
    const net = new HandNet({
      token: (done, not) => {
        asked.push(not);
        done(`token-${asked.length}`);
      },
    });
    net.connection.start();
    for (let i = 1; i <= 3; i++) {
      net.socket.accept().say({ type: 'error', code: 'INVALID_TOKEN', message: 'expired' });
      net.socket.cut(4002);
      net.clock.advance(1_000);
    }
    expect(asked).toEqual([null, 'token-1', 'token-2']);
    expect(net.connection.state).toMatchObject({ name: 'closed', error: { code: 'INVALID_TOKEN' } });
  });

  it('is closed when nobody is logged in, and tries again when a token cannot be had now', () => {
    const nobody = new HandNet({ token: (done) => done(null) });
    nobody.connection.start();
    expect(nobody.connection.state).toMatchObject({ name: 'closed', error: { code: 'NOT_AUTHENTICATED' } });
    const answers = [undefined, 'token'];
    const later = new HandNet({ token: (done) => done(answers.shift()) });
    later.connection.start();
    expect(later.connection.state.name).toBe('reconnecting');
    later.clock.advance(300);
    later.socket.welcome();
    expect(later.connection.state.name).toBe('live');
  });

  it('takes one answer to each question for a token', () => {
    const answers: ((token: string) => void)[] = [];
    const net = new HandNet({ token: (done) => answers.push(done) });
    net.connection.start();
    net.clock.advance(11_000); // nobody has answered in time, and another question is asked
    expect(answers).toHaveLength(2);
    answers[0]?.('late');
    expect(net.sockets).toHaveLength(0);
    answers[1]?.('token');
    answers[1]?.('twice');
    expect(net.sockets).toHaveLength(1);
  });

  it('gives up a socket that does not answer within 10 s', () => {
    const net = new HandNet();
    net.connection.start();
    net.clock.advance(10_000);
    expect(net.socket.closedWith).toBe(1000);
    expect(net.connection.state).toMatchObject({ name: 'reconnecting', reason: 'no answer' });
  });

  it('stops for good at a version that cannot be served', () => {
    const net = new HandNet();
    net.connection.start();
    net.socket.accept().say({ type: 'error', code: 'PROTOCOL_VERSION', message: 'Upgrade hermit.' });
    net.socket.cut(4005);
    expect(net.connection.state).toMatchObject({ name: 'closed', error: { message: 'Upgrade hermit.' } });
  });

  it('stops for good at a relay that is too old, and says what to update', () => {
    const net = new HandNet();
    net.connection.start();
    net.socket.accept().say({ type: 'authenticated', protocol: 0, user: USER, pod: 'old', expiresAt: 2_000_000 });
    expect(net.connection.state).toMatchObject({
      ...{ name: 'closed', error: { code: 'PROTOCOL_VERSION', message: expect.stringContaining('update the relay') } },
    });
  });

  it('renews on the open socket, and asks again until it has a token', () => {
    const tokens: (string | undefined)[] = ['first', undefined, 'second'];
    const asked: (string | null)[] = [];
    const net = live({
      token: (done: (t: string | undefined) => void, not: string | null) => {
        asked.push(not);
        done(tokens.shift());
      },
    });
    net.socket.say({ type: 'renewal_due', expiresAt: 1 });
    expect(net.socket.all('renew')).toEqual([]);
    net.clock.advance(10_000);
    expect(net.socket.last('renew').token).toBe('second');
    expect(asked).toEqual([null, 'first', 'first']);
    expect(net.sockets).toHaveLength(1);
  });
});

describe('reconnecting', () => {
  it('waits with full jitter, from 0.25 s doubling to 15 s', () => {
    const waits: number[] = [];
    for (let seed = 1; seed <= 20; seed++) {
      const net = live({}, seed);
      net.socket.cut();
      for (let i = 0; i < 9; i++) {
        const { state } = net.connection;
        if (state.name !== 'reconnecting') throw new Error(state.name);
        expect(state.inMs).toBeLessThanOrEqual(Math.min(15_000, 250 * 2 ** i));
        waits.push(state.inMs);
        net.clock.advance(state.inMs);
        net.socket.cut(1006, 'refused');
      }
    }
    expect(Math.max(...waits)).toBeGreaterThan(10_000);
    expect(waits.filter((w) => w < 100).length).toBeGreaterThan(10);
  });

  it('comes back at once after 1012, and slowly from a pod that sends it away again and again', () => {
    const net = live();
    net.clock.advance(6_000);
    net.socket.cut(1012);
    net.clock.advance(50);
    expect(net.sockets).toHaveLength(2);
    for (let i = 0; i < 6; i++) {
      net.socket.welcome().cut(1012);
      net.clock.advance(15_000);
    }
    net.socket.welcome().cut(1012);
    const { state } = net.connection;
    expect(state.name === 'reconnecting' && state.inMs).toBeGreaterThan(50);
  });

  it('does not come back where that is no use', () => {
    const net = live();
    const view = new NotedView();
    net.attach(view);
    net.socket.cut(1000, 'bye');
    expect(net.connection.state).toMatchObject({ name: 'closed', error: { message: 'bye' } });
    expect(view.told).toEqual(['closed UNAVAILABLE']);
    net.clock.advance(60_000);
    expect(net.sockets).toHaveLength(1);
  });

  it('finds a dead link within 45 s, and answers pings', () => {
    const net = live();
    net.socket.say({ type: 'ping' });
    expect(net.socket.all('pong')).toHaveLength(1);
    net.clock.advance(44_000);
    expect(net.socket.all('ping').length).toBeGreaterThanOrEqual(2);
    expect(net.connection.state.name).toBe('live');
    net.clock.advance(12_000);
    expect(net.connection.state.name).not.toBe('live');
    expect(net.sockets[0]?.closedWith).toBe(1006);
  });

  it('measures the round trip', () => {
    const net = live();
    expect(net.connection.rtt).toBeNull();
    net.clock.advance(35);
    net.socket.say({ type: 'pong' });
    expect(net.connection.rtt).toBe(35);
  });

  it('judges the link within 3 s when the device wakes up', () => {
    const net = live();
    net.socket.say({ type: 'pong' });
    net.connection.probe();
    net.clock.advance(1_000);
    net.socket.say({ type: 'pong' });
    net.clock.advance(5_000);
    expect(net.connection.state.name).toBe('live');
    net.connection.probe();
    net.clock.advance(3_000);
    expect(net.connection.state.name).toBe('reconnecting');
  });

  it('takes nothing that came before a sleep for a sign of life after it', () => {
    const net = live();
    net.connection.probe();
    // Read after the sleep: the answer to the ping of an introduction, and what was printed then.
    net.socket.say({ type: 'pong' });
    net.socket.say({ type: 'machines', machines: [], requestId: 'before' });
    net.clock.advance(2_999);
    expect(net.connection.state.name).toBe('live');
    net.clock.advance(1);
    expect(net.connection.state.name).toBe('reconnecting');
  });

  it('gives the answer the time that what stands before it on a slow line takes', () => {
    const net = live();
    net.socket.say({ type: 'pong' });
    net.connection.probe();
    for (let second = 0; second < 8; second += 2) {
      net.clock.advance(2_000);
      net.socket.events.binary(new Uint8Array(100).fill(9));
    }
    net.socket.say({ type: 'pong' });
    net.clock.advance(5_000);
    expect(net.connection.state.name).toBe('live');
  });

  it('rests while the device has no network', () => {
    const net = live();
    net.connection.setOnline(false);
    expect(net.connection.state.name).toBe('live'); // as long as the link stands
    net.socket.cut();
    expect(net.connection.state.name).toBe('offline');
    net.clock.advance(60_000);
    expect(net.sockets).toHaveLength(1);
    net.connection.setOnline(true);
    expect(net.sockets).toHaveLength(2);
  });

  it('hurries when told', () => {
    const net = live();
    net.socket.cut();
    net.connection.hurry();
    expect(net.sockets).toHaveLength(2);
    net.connection.hurry();
    net.clock.advance(9_000);
    expect(net.sockets).toHaveLength(2);
  });

  it('ignores what it does not know', () => {
    const net = live();
    net.socket.events.text('{"type":"news_of_tomorrow"}');
    net.socket.events.text('no json');
    net.socket.events.binary(new Uint8Array(3));
    net.socket.events.binary(new Uint8Array(100).fill(9));
    expect(net.connection.state.name).toBe('live');
  });
});

describe('moving to another pod (make before break, DRAIN-3, DRAIN-4)', () => {
  function moving() {
    const net = live();
    const view = new NotedView();
    const attachment = net.attach(view, { mode: 'stream', from: 0 });
    const old = net.socket;
    old.attached();
    old.output(0, 'one ');
    old.say({ type: 'draining', withinMs: 30_000 });
    return { net, view, attachment, old, next: net.socket };
  }

  it('opens the second connection first, and shows nothing', () => {
    const { net, view, attachment, old, next } = moving();
    expect(net.sockets).toHaveLength(2);
    attachment.type(bytes('a'));
    old.output(4, 'two ');
    expect(old.inputs).toHaveLength(1);
    next.welcome('pod-2');
    expect(next.last('attach')).toMatchObject({ attempt: 2, from: 8 });
    attachment.type(bytes('b'));
    old.output(8, 'three ');
    expect(old.closedWith).toBeNull();
    next.attached({ end: 20, inputOffset: 1 });
    expect(old.closedWith).toBe(1000);
    next.addressed(8, 'three ');
    next.output(14, 'four');
    expect(view.text).toBe('one two three four');
    expect(next.inputs).toEqual([{ at: 1, text: 'b', reply: false }]);
    expect(view.states).toEqual(['attaching', 'live']);
    expect(net.stateNames.filter((s) => s !== 'live')).toEqual(['connecting']);
    expect(attachment.answering).toBe(true); // up to 20 it is as fresh as before
  });

  it('ignores gaps, lost history and tips of the socket that is being left', () => {
    const { view, attachment, old, next } = moving();
    next.welcome('pod-2');
    old.output(99, 'far ahead');
    old.tip(108);
    old.say({
      type: 'history_lost',
      sessionId: SESSION,
      clientId: attachment.clientId,
      attempt: 1,
      first: 90,
    });
    expect(view.text).toBe('one ');
    expect(next.all('attach')).toHaveLength(1);
    expect(old.acks).toHaveLength(1);
  });

  it('holds the old socket to that also while it waits for another attachment', () => {
    const net = live();
    const view = new NotedView();
    net.attach(view, { mode: 'stream', from: 0 });
    const old = net.socket;
    old.attached();
    const mine = old.last('attach');
    net.attach(new NotedView(), { sessionId: OTHER_SESSION });
    old.attached();
    old.say({ type: 'draining', withinMs: 1 });
    const next = net.socket.welcome('pod-2');
    const [again] = next.all('attach');
    const over = { sessionId: SESSION, clientId: mine.clientId!, attempt: again!.attempt!, requestId: undefined };
    next.attached(over);
    expect(old.closedWith).toBeNull();
    const acks = next.acks.length;
    old.output(50, 'ahead');
    old.tip(55, { sessionId: SESSION, exit: { exitCode: 0, signal: null } });
    old.say({ type: 'unknown_attachment', ...over });
    old.say({ type: 'detached', sessionId: SESSION, code: 'FORBIDDEN', message: 'x' });
    expect(next.all('attach')).toHaveLength(2);
    expect(next.acks).toHaveLength(acks);
    expect(view.states.at(-1)).toBe('live');
    old.output(0, 'fits');
    expect(view.text).toBe('fits');
    next.attached();
    expect(old.closedWith).toBe(1000);
  });

  it('stays on the old pod while the new one cannot be reached', () => {
    const { net, view, attachment, old, next } = moving();
    next.cut(1006, 'refused');
    old.output(4, 'still here');
    attachment.type(bytes('x'));
    expect(old.inputs).toHaveLength(1);
    expect(net.connection.state.name).toBe('live');
    net.clock.advance(300);
    net.socket.welcome('pod-3').attached({ end: 14 });
    expect(old.closedWith).toBe(1000);
    expect(view.text).toBe('one still here');
  });

  it('goes on with the new connection when the old one dies first', () => {
    const { net, old, next, view } = moving();
    old.cut();
    expect(net.connection.state.name).toBe('connecting');
    next.welcome('pod-2');
    next.attached({ end: 4 });
    next.output(4, 'on');
    expect(view.text).toBe('one on');
    expect(net.sockets).toHaveLength(2);
  });

  it('closes the old socket after a while even if the attach is never answered', () => {
    const { net, old, next, view } = moving();
    next.welcome('pod-2');
    net.clock.advance(10_000);
    expect(old.closedWith).toBe(1000);
    expect(view.states.at(-1)).toBe('attaching');
  });

  it('paints no snapshot that the old socket has overtaken', () => {
    const net = live();
    const view = new NotedView();
    const attachment = net.attach(view);
    const old = net.socket;
    old.attached();
    for (const chunk of old.snapshot(1, 10, 'S')) chunk();
    old.say({ type: 'draining', withinMs: 1 });
    const next = net.socket.welcome('pod-2');
    next.attached({ end: 20 });
    const chunks = next.snapshot(2, 15, 'behind');
    chunks[0]?.();
    next.output(10, '0123456789');
    chunks[1]?.();
    expect(view.told).toEqual(['size 80x24', 'paint above S | S', 'data 0123456789']);
    next.addressed(15, '56789+');
    expect(view.told.at(-1)).toBe('data +');
    net.clock.advance(20);
    expect(next.acks.at(-1)).toMatchObject({ offset: 21, snapshot: 2, chunks: 2 });
    expect(attachment.live).toBe(true);
  });
});

describe('requests', () => {
  it('repeats a request over the next connection, under the same id (IN-3)', () => {
    const net = live();
    const replies: unknown[] = [];
    net.connection.request({ type: 'create_session', machineId: MACHINE, name: 'work' }, (error, reply) =>
      replies.push(error ?? reply?.session.id),
    );
    const first = net.socket.last('create_session');
    net.socket.cut();
    net.clock.advance(300);
    net.socket.welcome();
    expect(net.socket.last('create_session')).toEqual(first);
    const session = {
      id: SESSION,
      name: 'work',
      command: 'bash',
      createdAt: 1,
      attachedClients: 0,
      cols: 80,
      rows: 24,
      sizePolicy: 'latest',
    } as const;
    const reply = { type: 'session_created', machineId: MACHINE, session, requestId: first.requestId! } as const;
    net.socket.say(reply);
    net.socket.say(reply);
    expect(replies).toEqual([SESSION]);
  });

  it('waits for a connection, tries again what is unavailable, and gives up in time', () => {
    const net = new HandNet();
    const errors: (string | undefined)[] = [];
    net.connection.request({ type: 'list_machines' }, (error) => errors.push(error?.code));
    net.connection.start();
    net.socket.welcome();
    const { requestId } = net.socket.last('list_machines');
    net.socket.say({ type: 'error', code: 'UNAVAILABLE', message: 'x', requestId });
    expect(errors).toEqual([]);
    net.clock.advance(1_500);
    expect(net.socket.all('list_machines')).toHaveLength(2);
    net.clock.advance(15_000);
    expect(errors).toEqual(['TIMEOUT']);
    net.connection.request({ type: 'list_sessions', machineId: MACHINE }, (error) => errors.push(error?.code));
    net.socket.say({
      type: 'error',
      code: 'MACHINE_OFFLINE',
      message: 'x',
      requestId: net.socket.last('list_sessions').requestId,
    });
    expect(errors).toEqual(['TIMEOUT', 'MACHINE_OFFLINE']);
  });

  it('fails what is open when the connection is closed', () => {
    const net = live();
    const errors: (string | undefined)[] = [];
    net.connection.request({ type: 'list_machines' }, (error) => errors.push(error?.code));
    net.connection.close();
    net.connection.request({ type: 'list_machines' }, (error) => errors.push(error?.code));
    expect(errors).toEqual(['UNAVAILABLE', 'UNAVAILABLE']);
    expect(net.clock.waiting).toBe(0);
  });
});

describe('several attachments', () => {
  it('has one of a session', () => {
    const net = live();
    net.attach(new NotedView());
    expect(() => net.attach(new NotedView())).toThrow(/another attachment/);
  });

  it('tells an attachment when its machine goes, and asks at once when it is back', () => {
    const net = live();
    const view = new NotedView();
    net.attach(view, { mode: 'stream', from: 0 });
    net.socket.attached();
    const machine = { id: MACHINE, name: 'box', online: false, lastSeen: 1, sessionCount: 1 };
    net.socket.say({ type: 'machine_changed', machine });
    expect(view.states.at(-1)).toBe('machine-offline');
    const acks = net.socket.acks.length;
    net.socket.say({ type: 'machine_changed', machine: { ...machine, online: true } });
    expect(view.states.at(-1)).toBe('live');
    expect(net.socket.acks).toHaveLength(acks + 1);
  });

  it('believes what arrives more than who says that its machine is gone', () => {
    const net = live();
    const view = new NotedView();
    net.attach(view, { mode: 'stream', from: 0 });
    net.socket.attached();
    const machine = { id: MACHINE, name: 'box', online: false, lastSeen: 1, sessionCount: 1 };
    net.socket.say({ type: 'machine_changed', machine });
    net.socket.output(0, 'here');
    expect(view.states.at(-1)).toBe('live');
  });
});
