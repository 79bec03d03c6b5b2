import type { FastifyInstance } from 'fastify';
import type { JWK } from 'jose';
import type { Lifecycle } from '../lifecycle.js';
import { VERSION } from '../version.js';
import { type Check, readiness } from './health.js';
import type { Metrics } from './metrics.js';
import { SECURITY_HEADERS } from './respond.js';

export interface RouteModules {
  readonly lifecycle: () => Lifecycle;
  /** Of what has been composed so far. */
  readonly checks: () => Readonly<Record<string, Check>>;
  readonly metrics: Metrics;
  /** The public keys of the built-in issuer, where it is in use. */
  readonly jwks: { readonly keys: readonly JWK[] } | undefined;
}

/** Everything but GraphQL itself: health, metrics, version, keys. */
export function registerRoutes(server: FastifyInstance, { lifecycle, checks, metrics, jwks }: RouteModules): void {
  server.addHook('onSend', async (_request, reply) => {
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) {
      if (!reply.hasHeader(name)) reply.header(name, value);
    }
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
  });

  server.get('/livez', async () => ({ live: true }));
  server.get('/readyz', async (_request, reply) => {
    const report = await readiness(lifecycle(), checks());
    reply.code(report.ready ? 200 : 503);
    return report;
  });
  server.get('/version', async () => ({ name: 'concord', version: VERSION, node: process.versions.node }));
  server.get('/metrics', async (_request, reply) => {
    reply.type(metrics.registry.contentType);
    return metrics.registry.metrics();
  });
  if (jwks) server.get('/.well-known/jwks.json', async () => jwks);
  server.setNotFoundHandler((_request, reply) =>
    reply.code(404).send({ error: 'There is nothing here; GraphQL is at /graphql.' }),
  );
  server.setErrorHandler((error: { statusCode?: number }, _request, reply) =>
    reply.code(error.statusCode ?? 500).send({ error: 'The request cannot be answered.' }),
  );
}
