// The OpenAPI document of every route that is registered after this, and a page to read it on.
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';

export async function documentation(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Hermit relay',
        description: 'Accounts and machines. Terminals go over WebSocket: /ws/client and /ws/agent.',
        version: '1',
      },
      tags: [
        { name: 'log-in', description: 'Accounts and tokens' },
        { name: 'account', description: 'Your own account' },
        { name: 'machines', description: 'The machines of a user' },
        { name: 'devices', description: 'Letting devices in without a password' },
        { name: 'sharing', description: 'Sessions that others may look at, or drive' },
        { name: 'administration', description: 'For administrators: the first user is one' },
        { name: 'health', description: 'For probes' },
      ],
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } } },
    },
  });
  await app.register(swaggerUi, {
    routePrefix: '/documentation',
    // The page is part of the relay; nothing is asked of anybody else.
    staticCSP:
      "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
      "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    uiConfig: { validatorUrl: null },
  });
}
