import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { badInput, ConcordError, notFound } from '../../errors.js';
import type { RoundsService, UploadState } from '../../federation/rounds.service.js';
import { describeError } from '../../graphql/errors.js';
import { charge } from '../../graphql/plugin.js';
import { isUuid } from '../../graphql/relay.js';
import type { Viewer } from '../../graphql/viewer.js';
import type { ModelsService } from '../../models/models.service.js';
import type { GraphqlHandlerModules } from './graphql-handler.js';

/** What is too large for GraphQL: updates of nodes, and weights. */
export interface UpdateServices {
  readonly rounds: Pick<RoundsService, 'upload' | 'receive'>;
  readonly models: Pick<ModelsService, 'weightsOf'>;
}

export interface UpdateRoutesOptions {
  /** Who calls, and how much; undefined until it is composed, as the services are. */
  readonly api: () => Pick<GraphqlHandlerModules, 'authenticator' | 'rateLimiter'> | undefined;
  readonly services: () => UpdateServices | undefined;
  readonly publicUrl?: string;
  readonly isDraining: () => boolean;
  /** A request that was refused or has failed. */
  readonly onRefused: (error: unknown, requestId: string) => void;
}

type Ready = UpdateServices & { readonly viewer: Viewer | undefined };

/** HEAD and PUT /contributions/:id, and GET /models/:id/weights: streamed, with the tokens of GraphQL. */
export function registerUpdates(server: FastifyInstance, options: UpdateRoutesOptions): void {
  server.addContentTypeParser('application/octet-stream', (_request, payload, done) => done(null, payload));

  async function ready(request: FastifyRequest): Promise<Ready> {
    if (options.isDraining()) throw new ConcordError('UNAVAILABLE', 'The server is shutting down: try again.');
    const api = options.api();
    const services = options.services();
    if (!api || !services)
      throw new ConcordError('UNAVAILABLE', 'The server is still starting: try again in a moment.');
    const origin = options.publicUrl?.replace(/\/$/, '') ?? `http://${request.headers.host}`;
    const viewer = await api.authenticator.authenticate({
      authorization: request.headers.authorization,
      proof: request.headers.dpop as string | undefined,
      method: request.method,
      url: `${origin}${request.url.split('?')[0]}`,
    });
    charge(api.rateLimiter, viewer ? `token ${viewer.subject}` : `address ${request.ip}`, 1);
    return { ...services, viewer };
  }

  const route = (work: (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>) => {
    return async (request: FastifyRequest, reply: FastifyReply) => {
      try {
        return await work(request, reply);
      } catch (failure) {
        const gone = request.raw.destroyed && !(failure instanceof ConcordError);
        const error = gone ? new ConcordError('CANCELLED', 'The client went away.', {}, { cause: failure }) : failure;
        options.onRefused(error, String(request.id));
        return refuse(reply, error);
      }
    };
  };

  server.head<{ Params: { id: string } }>(
    '/contributions/:id',
    route(async (request, reply) => {
      const { viewer, rounds } = await ready(request);
      return told(reply, await rounds.upload(viewer, uuidOf(request, 'contribution'))).send();
    }),
  );

  server.put<{ Params: { id: string } }>(
    '/contributions/:id',
    { bodyLimit: Number.MAX_SAFE_INTEGER },
    route(async (request, reply) => {
      const { viewer, rounds } = await ready(request);
      const id = uuidOf(request, 'contribution');
      if (!(request.body instanceof Readable)) throw badInput('The body is the update, as application/octet-stream.');
      const state = await rounds.receive(viewer, id, offsetOf(request.raw), request.body);
      return told(reply, state).send(state);
    }),
  );

  server.get<{ Params: { id: string } }>(
    '/models/:id/weights',
    route(async (request, reply) => {
      const { viewer, models } = await ready(request);
      const { bytes, digest, chunks } = await models.weightsOf(viewer, uuidOf(request, 'model version'));
      reply.type('application/octet-stream').header('content-length', bytes).header('etag', `"${digest}"`);
      return reply.send(Readable.from(chunks));
    }),
  );
}

const told = (reply: FastifyReply, { offset, bytes }: UploadState): FastifyReply =>
  reply.header('upload-offset', offset).header('upload-length', bytes);

function uuidOf(request: FastifyRequest, what: string): string {
  const { id } = request.params as { id: string };
  if (!isUuid(id)) throw notFound(what, id);
  return id;
}

/**
 * Where the body begins: by Content-Range (RFC 9110, 14.4); without it at the beginning.
 * @throws {ConcordError} BAD_INPUT
 */
function offsetOf({ headers }: IncomingMessage): number {
  const range = headers['content-range'];
  if (range === undefined) return 0;
  const [, from] = /^bytes (\d{1,15})-\d{1,15}\/(?:\d{1,15}|\*)$/.exec(range) ?? [];
  if (from === undefined) throw badInput('Content-Range must be "bytes FROM-TO/TOTAL".');
  return Number(from);
}

function refuse(reply: FastifyReply, error: unknown): FastifyReply {
  const { policy, code, message, id, details } = describeError(error);
  const tooFast = typeof details.retryAfterSeconds === 'number';
  if (tooFast) reply.header('retry-after', String(details.retryAfterSeconds));
  if (code === 'UNAUTHENTICATED') reply.header('www-authenticate', 'Bearer error="invalid_token"');
  const { stored } = details;
  if (typeof stored === 'number') reply.header('upload-offset', stored);
  return reply.code(tooFast ? 429 : policy.http).send({ error: { code, message, id } });
}
