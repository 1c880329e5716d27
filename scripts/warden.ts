// A small process that outlives a kill -9 of ours by a moment, and takes down what we started.
import { type ChildProcess, spawn } from 'node:child_process';

// It reads its list from a pipe. When the pipe closes, whatever the reason, everything still on the list goes:
// processes (with their groups, where they lead one), containers, then directories. "leave" empties the list.
const script = `
pids= dirs= containers=
while read -r kind value; do
  case $kind in
    pid) pids="$pids $value" ;;
    container) containers="$containers $value" ;;
    dir) dirs="$dirs
$value" ;;
    release) pids=$(for pid in $pids; do [ $pid = $value ] || echo $pid; done) ;;
    leave) exit 0 ;;
  esac
done
for pid in $pids; do kill -TERM -$pid 2>/dev/null || kill -TERM $pid 2>/dev/null; done
for tick in 1 2 3 4 5 6 7 8 9 10; do
  alive=
  for pid in $pids; do kill -0 $pid 2>/dev/null && alive=1; done
  [ -z "$alive" ] && break
  sleep 0.2
done
for pid in $pids; do kill -KILL -$pid 2>/dev/null || kill -KILL $pid 2>/dev/null; done
[ -n "$containers" ] && docker rm -f -v $containers >/dev/null 2>&1
echo "$dirs" | while read -r dir; do [ -n "$dir" ] && rm -rf "$dir"; done
exit 0
`;

type Ward = { kind: 'pid' | 'dir' | 'container'; value: string | number };

export class Warden {
  readonly #shell: ChildProcess;

  constructor() {
    // Detached: Ctrl-C reaches the whole foreground group, and the warden has to see it through.
    this.#shell = spawn('sh', ['-c', script], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
    this.#shell.on('error', () => {});
    this.#shell.stdin?.on('error', () => {});
    this.#shell.unref();
    (this.#shell.stdin as unknown as { unref?: () => void } | null)?.unref?.();
  }

  guard(ward: Ward): void {
    this.#shell.stdin?.write(`${ward.kind} ${ward.value}\n`);
  }

  /** The process has ended: its number may soon be somebody else's. */
  release(pid: number): void {
    this.#shell.stdin?.write(`release ${pid}\n`);
  }

  /** Everything was stopped in good order: nothing is left to take down. */
  leave(): void {
    this.#shell.stdin?.end('leave\n');
  }
}
