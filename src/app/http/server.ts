import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type FastifyInstance, fastify } from 'fastify';
import type { JWK } from 'jose';
import { ConcordError } from '../../errors.js';
import { describeError } from '../../graphql/errors.js';
import type { Config } from '../config.js';
import type { Lifecycle } from '../lifecycle.js';
import { type Logger, logErrors } from '../log.js';
import { NODE_AGENT } from '../node/coordinator-http.js';
import { registerConsole } from './console.js';
import { createGraphqlHandler, type GraphqlHandlerModules, isGraphqlPath } from './graphql-handler.js';
import type { Check } from './health.js';
import type { Metrics } from './metrics.js';
import { registerRoutes } from './routes.js';
import { registerUpdates, type UpdateServices } from './updates.js';

export interface HttpServerModules {
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly lifecycle: () => Lifecycle;
  readonly checks: () => Readonly<Record<string, Check>>;
  /** What serves GraphQL, once it has been composed. */
  readonly api: () => GraphqlHandlerModules | undefined;
  /** What takes updates and gives weights, once it has been composed. */
  readonly updates: () => UpdateServices | undefined;
  readonly jwks: { readonly keys: readonly JWK[] } | undefined;
}

export interface HttpServer {
  /** Where it listens: http://127.0.0.1:4000. */
  readonly address: string;
  /** Takes no new connections, waits for requests in flight, and cuts what is left after so many milliseconds. */
  drain(timeoutMs: number): Promise<void>;
}

const HEADERS_MS = 15_000;
const REQUEST_MS = 60_000;
const POLL_MS = 20;

/**
 * Listens before there is a database, so that a busy port is found out before anything else is started, and so that
 * /livez and /readyz answer from the first moment.
 * @throws {ConcordError} CONFIGURATION where it cannot listen there
 */
export async function listen(
  config: Config['server'] & { readonly console: boolean },
  modules: HttpServerModules,
): Promise<HttpServer> {
  const { log, metrics, lifecycle } = modules;
  const isDraining = () => lifecycle().phase === 'draining' || lifecycle().phase === 'stopped';
  const graphql = createGraphqlHandler(modules.api, {
    bodyLimit: config.bodyLimit,
    publicUrl: config.publicUrl,
    isDraining,
    onRefused: (error, requestId) => logErrors(log, requestId, undefined, [describeError(error)]),
    onAnswered(request, status, requestId, started) {
      const seconds = (performance.now() - started) / 1000;
      metrics.request('/graphql', status, seconds);
      // Nodes ask all day long whether there is a round.
      const polled = request.headers['user-agent'] === NODE_AGENT && status < 400;
      log[polled ? 'debug' : 'info'](
        { requestId, method: request.method, path: '/graphql', status, ms: Math.round(seconds * 1000) },
        'request',
      );
    },
  });
  const web = fastify({
    serverFactory: (handler) => httpServer(graphql, handler, config.bodyLimit),
    bodyLimit: 1024,
    forceCloseConnections: false,
    return503OnClosing: false,
    exposeHeadRoutes: true,
  });
  registerRoutes(web, modules);
  registerUpdates(web, {
    api: modules.api,
    services: modules.updates,
    publicUrl: config.publicUrl,
    isDraining,
    onRefused: (error, requestId) => logErrors(log, requestId, undefined, [describeError(error)]),
  });
  web.addHook('onResponse', async (request, reply) => {
    metrics.request(request.routeOptions.url ?? 'none', reply.statusCode, reply.elapsedTime / 1000);
  });
  if (config.console && !registerConsole(web)) log.warn('GraphiQL has not been built: run npm run build');
  await bind(web, config);
  return { address: addressOf(web.server, config.host), drain: (timeoutMs) => drain(web, timeoutMs) };
}

function httpServer(
  graphql: (request: IncomingMessage, response: ServerResponse) => void,
  others: (request: IncomingMessage, response: ServerResponse) => void,
  bodyLimit: number,
): Server {
  const route = (request: IncomingMessage, response: ServerResponse) =>
    (isGraphqlPath(request.url) ? graphql : others)(request, response);
  const server = createServer(
    { headersTimeout: HEADERS_MS, requestTimeout: REQUEST_MS, keepAliveTimeout: 65_000 },
    route,
  );
  // A client that asks before it sends a large body is told at once. Updates may be of any size.
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    const length = Number(request.headers['content-length'] ?? 0);
    if (length <= bodyLimit || !isGraphqlPath(request.url)) response.writeContinue();
    route(request, response);
  });
  return server;
}

async function bind(web: FastifyInstance, { host, port }: Pick<Config['server'], 'host' | 'port'>): Promise<void> {
  try {
    await web.listen({ host, port });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reason: Readonly<Record<string, string>> = {
      EADDRINUSE: `Port ${port} on ${host} is in use by another program: stop it, or set PORT to another.`,
      EACCES: `Port ${port} may not be used by this user: set PORT to one above 1023.`,
      EADDRNOTAVAIL: `${host} (HOST) is not an address of this machine.`,
      ENOTFOUND: `${host} (HOST) is not an address of this machine.`,
      EAI_AGAIN: `${host} (HOST) is not an address of this machine.`,
    };
    throw code && reason[code] ? new ConcordError('CONFIGURATION', reason[code], {}, { cause: error }) : error;
  }
}

function addressOf(server: Server, host: string): string {
  const { port } = server.address() as AddressInfo;
  const name = ['0.0.0.0', '::', ''].includes(host) ? 'localhost' : host;
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`;
}

async function drain(web: FastifyInstance, timeoutMs: number): Promise<void> {
  const { server } = web;
  const closed = web.close();
  const sweep = setInterval(() => server.closeIdleConnections(), POLL_MS);
  const cut = setTimeout(() => server.closeAllConnections(), timeoutMs);
  await closed;
  clearInterval(sweep);
  clearTimeout(cut);
}
