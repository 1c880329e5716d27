// Letting devices in without a password: they show a code, and somebody who is logged in approves it.
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { MachineInfo, Timestamp, Token } from '@hermit/protocol';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Accounts } from '../accounts/accounts.ts';
import { NOBODY_LISTENS, type Recorder } from '../accounts/audit.ts';
import { UNLIMITED } from '../limits/limiter.ts';
import { addressOf, limited } from '../limits/request-limits.ts';
import { type CallerOptions, callerOf, demandToken } from './caller.ts';
import { failures } from './http-errors.ts';
import { AnyText, bodyOf, LoginBody } from './login-routes.ts';
import { infoOf, MachineName } from './machine-routes.ts';
import { originOf } from './origin.ts';
import { recordOwn } from './record-own.ts';
import { type StepUpOptions, stepUp } from './step-up.ts';

/** Seconds between two questions of a device. */
const INTERVAL = 2;

const Code = Type.String({ minLength: 1, maxLength: 32, description: 'a code as the device shows it' });
const Asked = Type.Object({
  machineName: Type.Union([Type.String(), Type.Null()], { description: 'Null: it asks for a login' }),
  client: Type.String({ description: 'What the program called itself' }),
  address: Type.String({ description: 'Where it is' }),
  createdAt: Timestamp,
  expiresAt: Timestamp,
  replaces: Type.Boolean({ description: 'You have a machine of this name: approving takes its token away' }),
  password: Type.Boolean({ description: 'Approving takes your password: a login lives longer than your token' }),
});
const Outcome = Type.Union([
  Type.Object({ status: Type.Literal('pending'), interval: Type.Integer() }),
  Type.Object({ status: Type.Literal('denied') }),
  Type.Object({ status: Type.Literal('login'), ...LoginBody.properties }),
  Type.Object({ status: Type.Literal('machine'), machine: MachineInfo, token: Type.String() }),
]);

export type DeviceRoutesOptions = CallerOptions & {
  accounts: Pick<Accounts, 'startDevice' | 'deviceByCode' | 'decideDevice' | 'deviceOutcome'> &
    StepUpOptions['accounts'];
  audit?: Recorder;
  /** Where people reach the relay; without it, where the request was sent to. */
  publicUrl?: string | undefined;
};

/** For the device, which has no token yet. */
export function askingDeviceRoutes(scope: FastifyInstance, options: DeviceRoutesOptions): void {
  const { accounts, limits = UNLIMITED, audit = NOBODY_LISTENS } = options;
  const app = scope.withTypeProvider<TypeBoxTypeProvider>();
  const tags = ['devices'];

  app.post(
    '/auth/device',
    {
      config: limited('device'),
      schema: {
        tags,
        summary: 'Ask to be let in: for a login, or for the token of a machine',
        body: Type.Object({ machineName: Type.Optional(MachineName) }),
        response: {
          201: Type.Object({
            code: Type.String({ description: 'For people to type' }),
            link: Type.String({ description: 'Where they type it' }),
            secret: Type.String({ description: 'For the device, which asks for the outcome with it' }),
            expiresAt: Timestamp,
            interval: Type.Integer({ description: 'Seconds to wait between two questions' }),
          }),
          ...failures('VALIDATION', 'RATE_LIMITED', 'UNAVAILABLE'),
        },
      },
    },
    async (request, reply) => {
      const started = await accounts.startDevice(request.body.machineName ?? null, {
        ...originOf(request),
        network: addressOf(request),
      });
      const link = new URL('device', relayUrl(request, options.publicUrl));
      link.searchParams.set('code', started.code);
      return reply.code(201).send({ ...started, link: link.href, interval: INTERVAL });
    },
  );

  app.post(
    '/auth/device/outcome',
    {
      config: limited('outcome'),
      schema: {
        tags,
        summary: 'Whether a device was let in; what it asked for is handed out once',
        body: Type.Object({ secret: Type.Intersect([Token], { description: 'the secret of the request' }) }),
        response: {
          200: Outcome,
          ...failures('VALIDATION', 'NOT_FOUND', 'MACHINE_LIMIT', 'RATE_LIMITED', 'UNAVAILABLE'),
        },
      },
    },
    async (request) => {
      await limits.take('poll', request.body.secret);
      const outcome = await accounts.deviceOutcome(request.body.secret);
      switch (outcome.status) {
        case 'pending':
          return { status: outcome.status, interval: INTERVAL };
        case 'denied':
          return { status: outcome.status };
        case 'login': {
          const { id } = outcome.login.user;
          recordOwn(audit, request, id, 'login', { details: { way: 'device' } });
          return { status: outcome.status, ...bodyOf(outcome.login) };
        }
        case 'machine': {
          const { machine, token } = outcome.machine;
          const action = outcome.replaced ? 'machine_token_replaced' : 'machine_added';
          const details = { name: machine.name, way: 'device' };
          recordOwn(audit, request, outcome.userId, action, { machineId: machine.id, details });
          return { status: outcome.status, machine: infoOf(machine), token };
        }
      }
    },
  );
}

/** For whoever approves. */
export function decidingDeviceRoutes(scope: FastifyInstance, options: DeviceRoutesOptions): void {
  const { accounts, limits = UNLIMITED, audit = NOBODY_LISTENS } = options;
  const app = demandToken(scope, options);
  const tags = ['devices'];
  const denied = failures('NOT_AUTHENTICATED', 'NOT_FOUND', 'RATE_LIMITED', 'UNAVAILABLE');

  app.get(
    '/api/device/:code',
    {
      schema: {
        tags,
        summary: 'What the device that shows this code asks for',
        params: Type.Object({ code: Code }),
        response: { 200: Asked, ...failures('VALIDATION'), ...denied },
      },
    },
    async (request) => {
      const { id } = callerOf(request);
      await limits.take('code', id);
      const asked = await accounts.deviceByCode(id, request.params.code);
      return { ...asked, password: asked.machineName === null && (await accounts.hasPassword(id)) };
    },
  );

  app.post(
    '/api/device/approve',
    {
      schema: {
        tags,
        summary: 'Let the device in that shows this code, or not; once',
        body: Type.Object({
          code: Code,
          approve: Type.Optional(Type.Boolean({ description: 'true, or false to refuse' })),
          replace: Type.Optional(Type.Boolean({ description: 'true where the token of a machine may be replaced' })),
          password: Type.Optional(AnyText('your password, where a login is approved')),
        }),
        response: {
          204: Type.Null({ description: 'Decided' }),
          ...failures('VALIDATION', 'DUPLICATE', 'INVALID_CREDENTIALS', 'FORBIDDEN'),
          ...denied,
        },
      },
    },
    async (request, reply) => {
      const { id } = callerOf(request);
      const { code, approve = true, replace = false, password } = request.body;
      await limits.take('code', id);
      // A stolen access token, which is worth minutes, must not buy a login.
      if (approve && (await accounts.deviceByCode(id, code)).machineName === null) {
        await stepUp(request, options, password);
      }
      const { machineName } = await accounts.decideDevice(id, code, { approve, replace });
      const action = approve ? 'device_approved' : 'device_refused';
      const details = machineName === null ? {} : { machine: machineName };
      recordOwn(audit, request, id, action, { details });
      return reply.code(204).send(null);
    },
  );
}

/** With a slash at its end. */
export function relayUrl(request: FastifyRequest, publicUrl: string | undefined): string {
  const url = publicUrl ?? `${request.protocol}://${request.host}`;
  return url.endsWith('/') ? url : `${url}/`;
}
