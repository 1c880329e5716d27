// What a command works with: the streams, the environment, the logins, and a client of the relay that is meant.
import { randomUUID } from 'node:crypto';
import type { ReadStream, WriteStream } from 'node:tty';
import { HermitClient, RelayApi, type TokenStore } from '@hermit/client';
import { systemClock } from '@hermit/transport';
import { dialWs } from '@hermit/transport/node';
import { configDir } from './credentials/config-dir.ts';
import { CredentialFile } from './credentials/credential-file.ts';
import { notLoggedIn } from './failure.ts';
import type { Look } from './output/listing.ts';
import { spinner } from './output/spinner.ts';
import { type Style, styleFor } from './output/style.ts';
import { VERSION } from './version.ts';

/** How long a command waits for the relay before it says that it cannot be reached, milliseconds. */
const CONNECT_MS = 5_000;

export type Streams = { stdin: ReadStream; stdout: WriteStream; stderr: WriteStream };

export class Context {
  readonly env: NodeJS.ProcessEnv;
  readonly stdin: ReadStream;
  readonly stdout: WriteStream;
  readonly stderr: WriteStream;
  /** For what goes to standard output. */
  readonly style: Style;
  readonly credentials: CredentialFile;
  /** What `--relay` or HERMIT_RELAY says. */
  relayOption: string | undefined;
  /** Set by a command that ends with more than success. */
  exitCode = 0;

  constructor(env: NodeJS.ProcessEnv, { stdin, stdout, stderr }: Streams) {
    this.env = env;
    this.stdin = stdin;
    this.stdout = stdout;
    this.stderr = stderr;
    this.style = styleFor(env, stdout.isTTY === true);
    this.credentials = new CredentialFile(configDir(env));
  }

  /** How a table is to look here. */
  get look(): Look {
    const width = this.stdout.isTTY ? this.stdout.columns : Number.POSITIVE_INFINITY;
    return { style: this.style, width, now: Date.now() };
  }

  /** A line of the result. */
  print(line: string): void {
    this.stdout.write(`${line}\n`);
  }

  /** The result, for programs. */
  printJson(value: unknown): void {
    this.print(JSON.stringify(value, null, 2));
  }

  /** A line beside the result. */
  note(line: string): void {
    this.stderr.write(`${line}\n`);
  }

  /** Waits, and says so when it takes a while. */
  async wait<T>(title: string, work: Promise<T>): Promise<T> {
    const spinning = spinner(this.stderr, title);
    try {
      return await work;
    } finally {
      spinning.stop();
    }
  }

  /** The interface of a relay for somebody who is not logged in yet. */
  api(relay: string): RelayApi {
    return new RelayApi(relay, fetch);
  }

  /** The address of the relay that is meant. Throws a Failure when none is named and nobody is logged in. */
  async relay(): Promise<string> {
    const relay = this.relayOption ?? (await this.credentials.relay());
    if (relay === null) throw notLoggedIn();
    return this.api(relay).url;
  }

  /** A client that is not connected; enough for HTTP. */
  async client(): Promise<HermitClient> {
    const relay = await this.relay();
    const store: TokenStore = this.credentials.storeOf(relay);
    if ((await store.read()) === null) throw notLoggedIn(relay);
    return new HermitClient({
      relay,
      store,
      fetch,
      dial: dialWs(),
      clock: systemClock,
      random: Math.random,
      newId: randomUUID,
      clientName: `hermit-cli/${VERSION}`,
    });
  }

  /** Runs `work` with a client that is connected, and closes it. */
  async connected<T>(work: (client: HermitClient) => Promise<T>, withinMs = CONNECT_MS): Promise<T> {
    const client = await this.client();
    try {
      await this.wait(`Connecting to ${client.api.url}`, client.connected(withinMs, systemClock));
      return await work(client);
    } finally {
      client.close();
    }
  }
}
