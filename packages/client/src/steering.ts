// Who drives a session and whose size counts: what this attachment wishes, and what the agent says.
import type { MessageOf, RelayToClient, Size, SizePolicy } from '@hermit/protocol';
import type { Clock, Random } from '@hermit/transport';
import type { SessionStatus } from './view.ts';
import { type Wish, Wishes } from './wishes.ts';

type SteeringPort = {
  /** Only those who may type. */
  allowed(): boolean;
  /** False: nothing can be sent now. */
  send(wish: Wish): boolean;
  /** It is another one now. */
  status(status: SessionStatus): void;
};

export class Steering {
  /** Of the view's terminal. */
  size: Size | null;
  private status: SessionStatus | null = null;
  private readonly sessionId: string;
  private readonly port: SteeringPort;
  private readonly wishes: Wishes;

  constructor(sessionId: string, size: Size | null, clock: Clock, random: Random, port: SteeringPort) {
    this.sessionId = sessionId;
    this.size = size;
    this.port = port;
    this.wishes = new Wishes(clock, random, (wish) => port.send(wish));
  }

  get driving(): boolean {
    return this.status?.driving === true;
  }

  resize(size: Size): void {
    this.size = size;
    this.put({ type: 'resize', sessionId: this.sessionId, ...size });
  }

  drive(): void {
    this.put({ type: 'drive', sessionId: this.sessionId });
  }

  setSizePolicy(sizePolicy: SizePolicy, size?: Size): void {
    this.put({ type: 'set_size_policy', sessionId: this.sessionId, sizePolicy, ...size });
  }

  private put(wish: Wish): void {
    if (this.port.allowed()) this.wishes.put(wish);
  }

  /** `id`: of this attachment. */
  learn(m: MessageOf<RelayToClient, 'attached' | 'tip'>, id: string, readOnly: boolean): void {
    const { driver, sizePolicy } = m;
    const driving = driver === id;
    if (driving) this.wishes.settle('drive');
    const wish = this.wishes.get('set_size_policy');
    if (wish?.type === 'set_size_policy' && wish.sizePolicy === sizePolicy && wish.cols === undefined)
      this.wishes.settle('set_size_policy');
    const was = this.status;
    const same = was?.driver === driver && was.sizePolicy === sizePolicy && was.readOnly === readOnly;
    this.status = { driver, driving, sizePolicy, readOnly };
    if (!same || was.driving !== driving) this.port.status(this.status);
  }

  /** Attached again. */
  resume(): void {
    this.wishes.resume();
  }

  stop(): void {
    this.wishes.stop();
  }
}
