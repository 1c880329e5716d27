// How an agent comes to own its machine: its version, its token, its claim (OWN-1, OWN-6).
import {
  type AgentToRelay,
  CLOSE,
  type CloseRule,
  HermitError,
  LIMITS,
  type MessageOf,
  PROTOCOL_OLDEST,
  PROTOCOL_VERSION,
  type RelayToAgent,
} from '@hermit/protocol';
import type { Socket } from '@hermit/transport';
import type { Claim } from '../presence/presence.ts';
import type { Surroundings } from './pod-parts.ts';

export type Register = MessageOf<AgentToRelay, 'register'>;

/** An epoch is the time of a registration. One further ahead would keep later ones out for good; milliseconds. */
const FUTURE = 86_400_000;

export interface IntroductionHost
  extends Pick<Surroundings, 'id' | 'clock' | 'random' | 'presence' | 'directory' | 'counters' | 'log' | 'observer'> {
  readonly draining: boolean;
}

/** Who introduces itself. */
interface Newcomer {
  readonly socket: Socket;
  readonly connection: string;
  readonly address: string;
  send(m: RelayToAgent): void;
  dismiss(rule: CloseRule): void;
}

export class AgentIntroduction {
  private readonly pod: IntroductionHost;
  private readonly agent: Newcomer;
  private readonly said: Register;
  private readonly taken: (claim: Claim) => void;

  /** `taken` runs once the presence store has agreed; otherwise the agent is told why, and dismissed. */
  constructor(pod: IntroductionHost, agent: Newcomer, said: Register, taken: (claim: Claim) => void) {
    this.pod = pod;
    this.agent = agent;
    this.said = said;
    this.taken = taken;
  }

  begin(): void {
    const { agent, pod, said } = this;
    if (said.protocol < PROTOCOL_OLDEST) {
      const oldest = `This relay serves protocol ${PROTOCOL_OLDEST} and later; update the agent.`;
      this.refuse(new HermitError('PROTOCOL_VERSION', oldest), CLOSE.protocol);
      return;
    }
    if (pod.draining) {
      this.refuse(new HermitError('DRAINING'), CLOSE.restart);
      return;
    }
    if (said.epoch > pod.clock.now() + FUTURE) {
      const ahead = 'The clock of this machine is more than a day ahead of ours: set it.';
      this.refuse(new HermitError('INVALID_MESSAGE', ahead), CLOSE.notIntroduced);
      return;
    }
    pod.directory.agent(
      said.token,
      // One that was registered is the machine that it was, by whatever name since.
      said.lastEpoch > 0 ? null : said.machineName,
      (machine) => {
        if (!agent.socket.open) return;
        if (machine instanceof HermitError) {
          // Where the token is not to blame, the agent comes again with it.
          const passing = machine.code === 'UNAVAILABLE' || machine.code === 'RATE_LIMITED';
          if (machine.code === 'INVALID_TOKEN') pod.observer.intruder?.(agent.address);
          this.refuse(machine, passing ? CLOSE.notIntroduced : CLOSE.unauthorized);
          return;
        }
        agent.socket.allow?.(LIMITS.messageHard);
        const { epoch, instanceId, lastEpoch, agentVersion } = said;
        const connectedAt = pod.clock.now();
        const { machineId, userId, name } = machine;
        this.take({ machineId, userId, name, pod: pod.id, epoch, instanceId, lastEpoch, agentVersion, connectedAt });
      },
      true,
    );
  }

  /** Asks the presence store until it answers; the agent gives up on us before we do. */
  private take(claim: Claim): void {
    const { agent, pod, said } = this;
    if (!agent.socket.open) return;
    pod.presence.claim(claim, (claimed) => {
      if (!agent.socket.open) {
        if (claimed.result === 'taken') pod.presence.release(claim.machineId, claim.epoch);
        return;
      }
      if (claimed.result === 'unavailable') {
        pod.clock.after(50 + 100 * pod.random(), () => this.take(claim));
      } else if (claimed.result === 'refused') {
        const { storedEpoch, storedInstance } = claimed;
        const superseded = said.lastEpoch > 0 && storedInstance !== said.instanceId && storedEpoch > said.lastEpoch;
        const why = new HermitError(superseded ? 'SUPERSEDED' : 'STALE_EPOCH');
        this.refuse(why, superseded ? CLOSE.superseded : CLOSE.staleEpoch, storedEpoch);
      } else this.taken(claim);
    });
  }

  private refuse({ code, message }: HermitError, rule: CloseRule, stored?: number): void {
    const { agent, pod, said } = this;
    const { epoch, machineName } = said;
    pod.counters.refusals++;
    pod.log('agent_refused', { connection: agent.connection, machineName, code, reason: message });
    const error = { code, message, ...(stored ? { storedEpoch: stored } : {}) };
    agent.send({ type: 'registered', success: false, protocol: PROTOCOL_VERSION, epoch, error });
    agent.dismiss(rule);
  }
}
