// A view that writes the exact bytes of a session somewhere, and nothing else.
import type { AttachmentState, View } from '@hermit/client';
import type { Exit, HermitError } from '@hermit/protocol';

type StreamPort = {
  write(bytes: Uint8Array, done: () => void): void;
  state(state: AttachmentState): void;
  historyLost(first: number, from: number): void;
  ended(exit: Exit): void;
  closed(error: HermitError): void;
  refused(error: HermitError): void;
  inputRoom(): void;
};

export class StreamView implements View {
  private readonly port: StreamPort;
  constructor(port: StreamPort) {
    this.port = port;
  }
  data(bytes: Uint8Array, done: () => void): void {
    this.port.write(bytes, done);
  }
  snapshot(_: unknown, done: () => void): void {
    done(); // streams have none
  }
  resized(): void {}
  status(): void {}
  state(state: AttachmentState): void {
    this.port.state(state);
  }
  historyLost(first: number, from: number): void {
    this.port.historyLost(first, from);
  }
  ended(exit: Exit): void {
    this.port.ended(exit);
  }
  refused(error: HermitError): void {
    this.port.refused(error);
  }
  closed(error: HermitError): void {
    this.port.closed(error);
  }
  inputRoom(): void {
    this.port.inputRoom();
  }
}
