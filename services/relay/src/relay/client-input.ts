// What a client says to the sessions it is attached to: keystrokes, acknowledgements, sizes. Only those who may type.
import {
  type ClientToRelay,
  FLAG_REPLY,
  FRAME,
  type FrameType,
  frameAttempt,
  frameFlags,
  framePayloadLength,
  frameSession,
  frameType,
  HermitError,
  inputFrame,
  isFor,
  LIMITS,
  type MessageOf,
  type RelayToAgent,
  uuidBytes,
} from '@hermit/protocol';
import type { Echoes } from './echoes.ts';
import type { Machines } from './machines.ts';
import type { Surroundings } from './pod-parts.ts';
import type { SeatList } from './seat-list.ts';
import type { Viewer } from './viewer.ts';

export interface ClientInputHost extends Pick<Surroundings, 'counters'> {
  readonly echoes: Echoes;
  readonly machines: Pick<Machines, 'send'>;
}

/** The socket it comes from. */
interface InputSocket {
  readonly pod: ClientInputHost;
  /** It has chosen base64 in text messages. */
  readonly json: boolean;
  fail(error: HermitError, about: { sessionId: string }): void;
  badMessage(error: HermitError): void;
}

export class ClientInput {
  private readonly pod: ClientInputHost;
  private readonly link: InputSocket;
  private readonly seats: Pick<SeatList, 'of'>;

  constructor(link: InputSocket, seats: Pick<SeatList, 'of'>) {
    this.pod = link.pod;
    this.link = link;
    this.seats = seats;
  }

  /** Input, or an acknowledgement. */
  frame(type: FrameType, frame: Uint8Array): void {
    const sessionId = frameSession(frame);
    const viewer = this.seats.of(sessionId)?.viewer;
    // Between a detach and its arrival, or of an attempt that was replaced: no error, and no effect.
    if (!viewer || !isFor(frame, viewer.clientId) || frameAttempt(frame) !== viewer.attempt) return;
    if (type === FRAME.input && viewer.readOnly) {
      this.pod.counters.inputRefused++;
      this.link.fail(new HermitError('READ_ONLY'), { sessionId });
      return;
    }
    if (type === FRAME.input && (frameFlags(frame) & FLAG_REPLY) === 0) this.pod.echoes.typed(viewer);
    this.towards(viewer, frame);
  }

  private towards(viewer: Viewer, frame: Uint8Array): void {
    const { counters, machines } = this.pod;
    counters.framesFromClients++;
    counters.bytesFromClients += frame.length;
    const local = machines.send(viewer.machineId, frame);
    if (frameType(frame) !== FRAME.input) return;
    const bytes = framePayloadLength(frame);
    if (local) {
      counters.inputFramesLocal++;
      counters.inputBytesLocal += bytes;
    } else {
      counters.inputFramesRemote++;
      counters.inputBytesRemote += bytes;
    }
  }

  /** Base64 in a text message. */
  json(m: MessageOf<ClientToRelay, 'data'>): void {
    const { sessionId } = m;
    const viewer = this.seats.of(sessionId)?.viewer;
    if (!this.link.json) {
      this.link.badMessage(new HermitError('INVALID_MESSAGE', 'This socket has chosen binary frames.'));
    } else if (!viewer?.json) this.link.fail(new HermitError('NOT_ATTACHED'), { sessionId });
    else if (viewer.readOnly) this.link.fail(new HermitError('READ_ONLY'), { sessionId });
    else {
      const bytes = Buffer.from(m.data, 'base64');
      const at = m.offset ?? viewer.json.inputSent;
      viewer.json.inputSent = Math.max(viewer.json.inputSent, at + bytes.length);
      this.pod.echoes.typed(viewer);
      const [session, client] = [uuidBytes(sessionId), uuidBytes(viewer.clientId)];
      for (let from = 0; from < bytes.length; from += LIMITS.inputFrame) {
        const part = bytes.subarray(from, from + LIMITS.inputFrame);
        this.towards(viewer, inputFrame(session, client, viewer.attempt, at + from, part, false));
      }
    }
  }

  /** Resizing, driving and choosing the size policy. */
  steer(m: MessageOf<ClientToRelay, 'resize' | 'drive' | 'set_size_policy'>): void {
    const { sessionId } = m;
    const viewer = this.seats.of(sessionId)?.viewer;
    if (!viewer) this.link.fail(new HermitError('NOT_ATTACHED'), { sessionId });
    else if (viewer.readOnly) this.link.fail(new HermitError('READ_ONLY'), { sessionId });
    else {
      const { clientId, attempt } = viewer;
      this.pod.machines.send(viewer.machineId, JSON.stringify({ ...m, clientId, attempt } satisfies RelayToAgent));
    }
  }
}
