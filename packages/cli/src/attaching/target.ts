// One session, as attaching needs it.
import type { HermitClient } from '@hermit/client';
import type { MachineInfo, SessionInfo } from '@hermit/protocol';

export type Target = { client: HermitClient; machine: MachineInfo; session: SessionInfo };
