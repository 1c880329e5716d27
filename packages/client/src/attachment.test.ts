// One view of one session against every way in which its bytes may come.
import { describe, expect, it } from 'vitest';
import { bytes, HandNet, MACHINE, NotedView, SESSION } from './kit/hand-relay.ts';

function streaming(over = {}, end = 0) {
  const net = new HandNet();
  const view = new NotedView();
  const attachment = net.attach(view, { mode: 'stream', from: 0, ...over });
  net.socket.attached({ end });
  return { net, view, attachment, relay: net.socket };
}

describe('attaching (CU-3, CU-4)', () => {
  it('repeats the attach every second, unchanged, until it is answered', () => {
    const net = new HandNet();
    const view = new NotedView();
    net.attach(view, { mode: 'stream', from: 5, size: { cols: 100, rows: 30 } });
    net.clock.advance(3_500);
    const attaches = net.socket.all('attach');
    expect(attaches.length).toBeGreaterThanOrEqual(4);
    expect(new Set(attaches.map((m) => JSON.stringify(m))).size).toBe(1);
    expect(attaches[0]).toMatchObject({ attempt: 1, from: 5, mode: 'stream', cols: 100, rows: 30, inputFrom: 0 });
    net.socket.attached();
    net.clock.advance(5_000);
    expect(net.socket.all('attach')).toHaveLength(attaches.length);
    expect(view.states).toEqual(['attaching', 'live']);
  });

  it('ignores an answer to an earlier attempt', () => {
    const { net, relay, attachment } = streaming();
    const first = relay.last('attach');
    relay.say({ type: 'unknown_attachment', sessionId: SESSION, clientId: first.clientId!, attempt: 1 });
    expect(relay.last('attach')).toMatchObject({ attempt: 2, clientId: first.clientId });
    relay.attached({ attempt: 1 });
    expect(attachment.live).toBe(false);
    relay.attached();
    expect(attachment.live).toBe(true);
    relay.say({ type: 'unknown_attachment', sessionId: SESSION, clientId: first.clientId!, attempt: 1 });
    expect(attachment.live).toBe(true);
    expect(net.sockets).toHaveLength(1);
  });

  it('keeps asking for a machine that is offline, and says so', () => {
    const net = new HandNet();
    const view = new NotedView();
    net.attach(view);
    net.socket.say({ type: 'error', code: 'MACHINE_OFFLINE', message: 'x', sessionId: SESSION });
    expect(view.states.at(-1)).toBe('machine-offline');
    net.clock.advance(1_200);
    expect(net.socket.all('attach')).toHaveLength(2);
    net.socket.attached();
    expect(view.states.at(-1)).toBe('catching-up');
  });

  it('ends with a refusal that another try does not change', () => {
    const net = new HandNet();
    const view = new NotedView();
    net.attach(view);
    const { requestId } = net.socket.last('attach');
    net.socket.say({ type: 'error', code: 'SESSION_NOT_FOUND', message: 'gone', requestId });
    expect(view.told).toEqual(['closed SESSION_NOT_FOUND']);
    net.clock.advance(10_000);
    expect(net.socket.all('attach')).toHaveLength(1);
    expect(() => net.attach(new NotedView())).not.toThrow();
  });
});

describe('output', () => {
  it('drops what it has, trims what overlaps, and acknowledges what was consumed', () => {
    const { net, view, relay } = streaming();
    relay.addressed(0, 'hello ');
    relay.output(6, 'world');
    relay.output(6, 'world');
    relay.output(0, 'hello ');
    relay.output(8, 'rld, again');
    expect(view.text).toBe('hello world, again');
    net.clock.advance(100);
    expect(relay.acks.at(-1)).toMatchObject({ attempt: 1, offset: 18, ended: false });
  });

  it('attaches anew, with a greater attempt, at a gap; and waits for the answer (CU-3)', () => {
    const { net, view, relay, attachment } = streaming();
    relay.output(0, 'abc');
    relay.output(10, 'later');
    relay.output(15, 'even later');
    expect(view.text).toBe('abc');
    expect(relay.all('attach').map((m) => [m.attempt, m.from])).toEqual([
      [1, 0],
      [2, 3],
    ]);
    relay.attached({ end: 15 });
    relay.addressed(3, 'defghijlater');
    expect(view.text).toBe('abcdefghijlater');
    expect(attachment.reattached).toBe(1);
    relay.output(99, 'x');
    expect(relay.all('attach')).toHaveLength(2);
    net.clock.advance(100);
    expect(relay.last('attach')).toMatchObject({ attempt: 3, from: 15 });
  });

  it('acknowledges within 20 ms, at once when it is much, and only what the view has consumed (FL-4)', () => {
    const { net, view, relay } = streaming();
    const before = relay.acks.length;
    view.slow = true;
    relay.output(0, 'x'.repeat(5_000));
    relay.output(5_000, 'x'.repeat(40_000));
    net.clock.advance(1_000);
    expect(relay.acks).toHaveLength(before);
    view.consume(1);
    net.clock.advance(19);
    expect(relay.acks).toHaveLength(before);
    net.clock.advance(1);
    expect(relay.acks.at(-1)?.offset).toBe(5_000);
    view.consume();
    expect(relay.acks.at(-1)?.offset).toBe(45_000);
  });

  it('acknowledges less often while much comes fast, and as often as before after a pause (FL-4)', () => {
    const { net, relay } = streaming();
    let at = 0;
    const acksOf = (frames: number) => {
      const before = relay.acks.length;
      for (let i = 0; i < frames; i++, at += 4096) relay.output(at, 'x'.repeat(4096));
      return relay.acks.length - before;
    };
    expect(acksOf(2)).toBe(1); // 8 KiB
    acksOf(64);
    expect(acksOf(128)).toBe(4); // every 128 KiB
    acksOf(1);
    net.clock.advance(20);
    expect(acksOf(2)).toBe(1);
  });

  it('lets an acknowledgement that is due travel with what is typed', () => {
    const { net, attachment, relay } = streaming();
    const before = relay.acks.length;
    relay.output(0, 'echo');
    net.clock.advance(79);
    attachment.type(new TextEncoder().encode('k'));
    expect(relay.flushed, 'a key is hurried').toBe(relay.frames.length);
    expect(relay.acks).toHaveLength(before);
    net.clock.advance(1);
    attachment.type(new TextEncoder().encode('k'));
    expect(relay.acks.at(-1)?.offset).toBe(4);
    expect(relay.flushed).toBe(relay.frames.length);
    net.clock.advance(100);
    expect(relay.acks).toHaveLength(before + 1);
  });

  it('acknowledges little after 100 ms, and after 20 ms once it is more (FL-4)', () => {
    const { net, relay } = streaming();
    const before = relay.acks.length;
    relay.output(0, 'echo');
    net.clock.advance(99);
    expect(relay.acks).toHaveLength(before);
    net.clock.advance(1);
    expect(relay.acks.at(-1)?.offset).toBe(4);
    relay.output(4, 'x'.repeat(1_000));
    relay.output(1_004, 'x'.repeat(100));
    net.clock.advance(20);
    expect(relay.acks.at(-1)?.offset).toBe(1_104);
    expect(relay.acks).toHaveLength(before + 2);
  });

  it('answers every tip, also an unchanged one, and renews its lease (CU-1, CU-4)', () => {
    const { net, relay } = streaming();
    const before = relay.acks.length;
    relay.tip(0);
    relay.tip(0);
    expect(relay.acks).toHaveLength(before + 2);
    net.clock.advance(20_000);
    expect(relay.acks).toHaveLength(before + 3);
    relay.say({ type: 'ping' });
    expect(relay.acks).toHaveLength(before + 3);
  });

  it('tells of a size after the bytes before it and before the bytes that need it (CU-9)', () => {
    const { view, relay } = streaming();
    view.slow = true;
    relay.output(0, 'a');
    relay.output(1, 'b', { cols: 100, rows: 30 });
    relay.tip(2, { cols: 120, rows: 40 });
    expect(view.told).toEqual(['size 80x24', 'data a']);
    view.consume();
    expect(view.told.slice(2)).toEqual(['size 100x30', 'data b']);
    view.consume();
    expect(view.told.slice(4)).toEqual(['size 120x40']);
    relay.tip(9, { cols: 1, rows: 1 });
    expect(view.told).toHaveLength(5);
  });

  it('takes up a size that was told before the bytes it follows, and none that later bytes have overtaken (CU-9)', () => {
    const { view, relay } = streaming();
    relay.tip(2, { cols: 120, rows: 40 });
    relay.output(0, 'a');
    expect(view.told).toEqual(['size 80x24', 'data a']);
    relay.output(1, 'b');
    expect(view.told.slice(2)).toEqual(['data b', 'size 120x40']);
    relay.tip(3, { cols: 60, rows: 20 });
    relay.output(2, 'cd', { cols: 90, rows: 30 });
    expect(view.told.slice(4)).toEqual(['size 90x30', 'data cd']);
  });

  it('names lost history in order, and goes on from there (CU-11)', () => {
    const { view, relay, net } = streaming();
    view.slow = true;
    relay.output(0, 'a');
    const { clientId, attempt } = relay.last('attach');
    const lost = { type: 'history_lost', sessionId: SESSION, clientId: clientId!, attempt: attempt! } as const;
    relay.say({ ...lost, attempt: 9, first: 70 });
    relay.say({ ...lost, first: 50 });
    relay.addressed(50, 'z');
    expect(view.told.at(-1)).toBe('data a');
    view.consume();
    expect(view.told.slice(-2)).toEqual(['lost 1..50', 'data z']);
    view.consume();
    net.clock.advance(20);
    expect(relay.acks.at(-1)?.offset).toBe(51);
  });

  it('begins a stream without an offset where history begins', () => {
    const { view, relay } = streaming({ from: null }, 100);
    relay.output(40, 'shared comes later');
    relay.addressed(30, 'from here');
    expect(view.text).toBe('from here');
  });

  it('ends when the end is reached and painted, not when it is announced (CU-7)', () => {
    const { view, relay, net } = streaming();
    view.slow = true;
    const exit = { exitCode: 7, signal: null };
    relay.say({ type: 'session_ended', machineId: MACHINE, sessionId: SESSION, ...exit });
    relay.tip(4, { exit });
    relay.output(0, 'bye!');
    expect(view.told).not.toContain('ended 7');
    view.consume();
    expect(view.told.at(-1)).toBe('ended 7');
    expect(view.states.at(-1)).toBe('ended');
    net.clock.advance(20);
    expect(relay.acks.at(-1)).toMatchObject({ offset: 4, ended: true });
  });

  it('says why nothing follows only after what has arrived is painted', () => {
    const { view, relay } = streaming();
    view.slow = true;
    relay.output(0, 'last words');
    relay.say({ type: 'detached', sessionId: SESSION, code: 'FORBIDDEN', message: 'no longer shared' });
    expect(view.told.at(-1)).toBe('data last words');
    view.consume();
    expect(view.told.at(-1)).toBe('closed FORBIDDEN');
  });
});

describe('snapshots (CU-6)', () => {
  function screen() {
    const net = new HandNet();
    const view = new NotedView();
    const attachment = net.attach(view);
    net.socket.attached({ end: 500 });
    return { net, view, attachment, relay: net.socket };
  }

  it('paints a snapshot once it is whole, then the bytes after it', () => {
    const { view, relay, net, attachment } = screen();
    const chunks = relay.snapshot(1, 500, 'S'.repeat(100), 3);
    for (const chunk of chunks) {
      expect(view.told).toEqual([]);
      chunk();
      chunk();
    }
    relay.addressed(490, 'overlapped!');
    expect(view.told.map((t) => t.slice(0, 12))).toEqual(['size 80x24', 'paint above ', 'data !']);
    net.clock.advance(20);
    expect(relay.acks.at(-1)).toMatchObject({ offset: 501, snapshot: 1, chunks: 3 });
    expect(attachment.offset).toBe(501);
    expect(view.states).toEqual(['attaching', 'catching-up', 'live']);
  });

  it('has the size that was told while the picture was on its way, though nothing is printed after it (CU-9)', () => {
    const { view, relay } = screen();
    const chunks = relay.snapshot(1, 500, 'S');
    chunks[0]?.();
    relay.tip(500, { cols: 120, rows: 40 });
    expect(view.told).toEqual([]);
    chunks[1]?.();
    expect(view.told).toEqual(['size 80x24', 'paint above S | S', 'size 120x40']);
  });

  it('acknowledges chunks as they come, and the last one when it is painted', () => {
    const { view, relay, net } = screen();
    view.slow = true;
    const chunks = relay.snapshot(1, 500, 'S', 3);
    chunks[0]?.();
    net.clock.advance(20);
    expect(relay.acks.at(-1)).toMatchObject({ offset: null, snapshot: 1, chunks: 1 });
    chunks[1]?.();
    chunks[2]?.();
    net.clock.advance(20);
    expect(relay.acks.at(-1)).toMatchObject({ offset: null, snapshot: 1, chunks: 2 });
    view.consume();
    net.clock.advance(20);
    expect(relay.acks.at(-1)).toMatchObject({ offset: 500, snapshot: 1, chunks: 3 });
  });

  it('hands over no bytes until the snapshot before them is painted', () => {
    const { view, relay } = screen();
    view.slow = true;
    for (const chunk of relay.snapshot(1, 500, 'S')) chunk();
    relay.output(500, 'x');
    expect(view.told).toEqual(['size 80x24', 'paint above S | S']);
    view.consume();
    expect(view.told.at(-1)).toBe('data x');
  });

  it('attaches anew when a chunk is missing, and begins again with a later snapshot', () => {
    const { view, relay } = screen();
    const chunks = relay.snapshot(1, 500, 'old', 3);
    chunks[0]?.();
    chunks[2]?.();
    expect(relay.last('attach')).toMatchObject({ attempt: 2, from: null });
    relay.attached({ end: 600 });
    for (const chunk of relay.snapshot(2, 600, 'new', 2)) chunk();
    expect(view.told).toEqual(['size 80x24', 'paint above new | new']);
  });

  it('takes a newer snapshot in the middle of an older one', () => {
    const { view, relay } = screen();
    relay.snapshot(1, 500, 'old', 3)[0]?.();
    for (const chunk of relay.snapshot(2, 600, 'new', 2)) chunk();
    relay.snapshot(1, 500, 'old', 3)[1]?.();
    expect(view.told).toEqual(['size 80x24', 'paint above new | new']);
  });

  it('starts over after a reconnect in the middle, and repaints what has painted before', () => {
    const { view, relay, net } = screen();
    relay.snapshot(1, 500, 'half', 3)[0]?.();
    relay.cut();
    net.clock.advance(300);
    const second = net.socket.welcome();
    expect(second.last('attach')).toMatchObject({ attempt: 2, from: null });
    second.attached({ end: 500 });
    for (const chunk of second.snapshot(1, 500, 'whole', 2)) chunk();
    second.output(500, 'x');
    second.cut();
    net.clock.advance(300);
    const third = net.socket.welcome();
    expect(third.last('attach')).toMatchObject({ attempt: 3, from: 501 });
    third.attached({ end: 9_000_000 });
    for (const chunk of third.snapshot(7, 9_000_000, 'far', 2, { cols: 90, rows: 20 })) chunk();
    expect(view.told.slice(1)).toEqual([
      'paint above whole | whole',
      'data x',
      'size 90x20',
      'repaint above far | far',
    ]);
  });

  it('gets a new picture on demand, and the bytes from there', () => {
    const { view, relay, attachment } = screen();
    for (const chunk of relay.snapshot(1, 500, 'first')) chunk();
    relay.output(500, 'abcdef');
    attachment.repaint();
    expect(relay.last('attach')).toMatchObject({ attempt: 2, from: null });
    relay.output(506, 'of the attempt that was given up');
    relay.attached({ end: 506 });
    for (const chunk of relay.snapshot(2, 504, 'again')) chunk();
    relay.addressed(504, 'ef');
    expect(view.told.slice(-2)).toEqual(['repaint above again | again', 'data ef']);
  });

  it('counts nothing that was painted before for the new picture', () => {
    const { view, relay, attachment } = screen();
    for (const chunk of relay.snapshot(1, 500, 'first')) chunk();
    view.slow = true;
    relay.output(500, 'abc');
    attachment.repaint();
    relay.attached({ end: 503 });
    view.consume();
    expect(attachment.consumed).toBeNull();
    relay.tip(503);
    expect(relay.acks.at(-1)).toMatchObject({ attempt: 2, offset: null });
  });

  it('attaches anew when the bytes are no snapshot', () => {
    const { view, relay } = screen();
    const [only] = relay.snapshot(1, 500, '', 1);
    const all = relay.events.binary;
    relay.events.binary = (b) => all(b.subarray(0, 65));
    only?.();
    relay.events.binary = all;
    expect(view.told).toEqual([]);
    expect(relay.last('attach').attempt).toBe(2);
  });

  it('answers no query while a snapshot or old bytes are painted, and only when it drives', () => {
    const { view, relay, attachment } = screen();
    expect(attachment.answering).toBe(false);
    view.slow = true;
    for (const chunk of relay.snapshot(1, 490, 'S')) chunk();
    expect(attachment.answering).toBe(false);
    view.consume();
    expect(attachment.answering).toBe(false); // up to 500 it is a replay
    relay.addressed(490, '0123456789');
    expect(attachment.answer(bytes('\x1b[?1;2c'))).toBe(false);
    view.consume();
    expect(attachment.answering).toBe(true);
    expect(attachment.fromTerminal(bytes('a\x1b[?1;2cb'))).toBe(true);
    expect(relay.inputs.map((i) => [i.text, i.reply])).toEqual([
      ['a', false],
      ['\x1b[?1;2c', true],
      ['b', false],
    ]);
    relay.tip(500, { driver: USER_OTHER });
    expect(attachment.answering).toBe(false);
    expect(attachment.fromTerminal(bytes('\x1b[?1;2cc'))).toBe(true);
    expect(relay.inputs.at(-1)).toMatchObject({ text: 'c', reply: false });
  });
});

const USER_OTHER = '44444444-4444-4444-8444-444444444444';

describe('input (IN-1, IN-2)', () => {
  it('keeps what is typed before the attach is answered, and sends it then', () => {
    const net = new HandNet();
    const attachment = net.attach(new NotedView());
    expect(attachment.type(bytes('ls'))).toBe(true);
    expect(attachment.type(bytes('\r'))).toBe(true);
    expect(net.socket.inputs).toEqual([]);
    net.socket.attached();
    expect(net.socket.inputs).toEqual([{ at: 0, text: 'ls\r', reply: false }]);
    attachment.type(bytes('x'));
    expect(net.socket.inputs.at(-1)).toEqual({ at: 3, text: 'x', reply: false });
  });

  it('sends again after 500 ms, with growing waits, until it is acknowledged', () => {
    const { net, relay, attachment } = streaming();
    attachment.type(bytes('abc'));
    net.clock.advance(499);
    expect(relay.inputs).toHaveLength(1);
    net.clock.advance(1);
    expect(relay.inputs).toHaveLength(2);
    relay.inputAck(1);
    net.clock.advance(1_000);
    expect(relay.inputs.at(-1)).toEqual({ at: 1, text: 'bc', reply: false });
    const sent = relay.inputs.length;
    relay.inputAck(3);
    net.clock.advance(60_000);
    expect(relay.inputs).toHaveLength(sent);
  });

  it('sends from a named gap at once, once for all frames that name it', () => {
    const { relay, attachment } = streaming();
    for (const key of 'abcdef') attachment.type(bytes(key));
    relay.inputAck(2, true);
    relay.inputAck(2, true);
    relay.inputAck(2, true);
    expect(relay.inputs.slice(6)).toEqual([{ at: 2, text: 'cdef', reply: false }]);
  });

  it('sends what is unacknowledged over the next connection, under the same numbers', () => {
    const { net, relay, attachment } = streaming();
    attachment.type(bytes('hello'));
    relay.inputAck(2);
    relay.cut();
    attachment.type(bytes('!'));
    net.clock.advance(300);
    net.socket.welcome();
    expect(net.socket.last('attach')).toMatchObject({ attempt: 2, inputFrom: 2, clientId: attachment.clientId });
    net.socket.attached({ inputOffset: 4 });
    expect(net.socket.inputs).toEqual([{ at: 4, text: 'o!', reply: false }]);
  });

  it('refuses what does not fit, whole, and says when there is room', () => {
    const { view, relay, attachment } = streaming();
    expect(attachment.type(new Uint8Array(64 * 1024))).toBe(true);
    expect(relay.inputs.map((i) => i.text.length)).toEqual([16_384, 16_384, 16_384, 16_384]);
    expect(attachment.type(bytes('x'))).toBe(false);
    expect(attachment.fromTerminal(bytes('x'))).toBe(false);
    expect(view.told).toEqual(['size 80x24']);
    relay.inputAck(10);
    expect(view.told.at(-1)).toBe('room');
    expect(attachment.type(bytes('x'))).toBe(true);
  });

  it('says that typing was lost when the agent has lost count, and takes a new id', () => {
    const { net, view, relay, attachment } = streaming();
    attachment.type(bytes('hello'));
    relay.inputAck(5);
    attachment.type(bytes('more'));
    const old = attachment.clientId;
    relay.cut();
    net.clock.advance(300);
    net.socket.welcome().attached({ inputOffset: 0 });
    expect(view.told.at(-1)).toBe('refused INPUT_LOST');
    expect(attachment.clientId).not.toBe(old);
    expect(net.socket.last('attach')).toMatchObject({ attempt: 3, clientId: attachment.clientId, inputFrom: 0 });
    net.socket.attached();
    attachment.type(bytes('again'));
    expect(net.socket.inputs).toEqual([{ at: 0, text: 'again', reply: false }]);
  });

  it('types nothing and resizes nothing when it may only watch', () => {
    const { relay, attachment } = streaming({ readOnly: true });
    expect(attachment.type(bytes('x'))).toBe(false);
    attachment.resize({ cols: 10, rows: 10 });
    attachment.drive();
    expect(relay.inputs).toEqual([]);
    expect(relay.sent.map((m) => m.type)).not.toContain('resize');
    expect(relay.sent.map((m) => m.type)).not.toContain('drive');
  });

  it('repeats a resize once, and a wish to drive until it is seen', () => {
    const { net, relay, attachment } = streaming();
    relay.tip(0, { driver: null });
    attachment.resize({ cols: 100, rows: 40 });
    attachment.drive();
    net.clock.advance(3_000);
    expect(relay.all('resize')).toHaveLength(2);
    expect(relay.all('drive').length).toBeGreaterThanOrEqual(3);
    const said = relay.all('drive').length;
    relay.tip(0);
    net.clock.advance(10_000);
    expect(relay.all('drive')).toHaveLength(said);
    relay.cut();
    net.clock.advance(300);
    expect(net.socket.welcome().last('attach')).toMatchObject({ cols: 100, rows: 40 });
  });

  it('says what was wished before the attach was answered', () => {
    const net = new HandNet();
    const attachment = net.attach(new NotedView());
    attachment.setSizePolicy('smallest');
    expect(net.socket.all('set_size_policy')).toEqual([]);
    net.socket.attached();
    expect(net.socket.last('set_size_policy')).toMatchObject({ sessionId: SESSION, sizePolicy: 'smallest' });
    net.socket.tip(0, { sizePolicy: 'smallest' });
    net.clock.advance(10_000);
    expect(net.socket.all('set_size_policy')).toHaveLength(1);
  });

  it('leaves no timer and no word behind once detached', () => {
    const { net, relay, attachment, view } = streaming();
    attachment.type(bytes('x'));
    attachment.detach();
    expect(relay.last('detach')).toMatchObject({ sessionId: SESSION });
    expect(view.states.at(-1)).toBe('detached');
    const said = relay.sent.length + relay.frames.length;
    relay.output(0, 'late');
    relay.tip(4);
    net.connection.close();
    expect(net.clock.waiting).toBe(0);
    expect(relay.sent.length + relay.frames.length).toBe(said);
  });
});
