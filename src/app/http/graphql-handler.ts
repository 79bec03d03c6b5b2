import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ApolloServer, HeaderMap, type HTTPGraphQLRequest } from '@apollo/server';
import { ConcordError } from '../../errors.js';
import type { Context } from '../../graphql/context.js';
import { describeError, formatApiError, requestError } from '../../graphql/errors.js';
import { charge, REFUSED_DOCUMENT } from '../../graphql/plugin.js';
import type { RateLimiter } from '../../graphql/rate-limit.js';
import type { Authenticator } from '../auth/authenticator.js';
import { abandonBody, isJsonType, parseJson, readBody } from './body.js';
import { type Answer, respond } from './respond.js';

export interface GraphqlHandlerModules {
  readonly apollo: ApolloServer<Context>;
  readonly authenticator: Authenticator;
  readonly rateLimiter: RateLimiter;
}

export interface GraphqlHandlerOptions {
  readonly bodyLimit: number;
  /** The address under which clients reach the server, where it is not what the Host header says. */
  readonly publicUrl?: string;
  readonly isDraining: () => boolean;
  /** An error that ended a request before there was an operation. */
  readonly onRefused: (error: unknown, requestId: string) => void;
  readonly onAnswered: (request: IncomingMessage, status: number, requestId: string, started: number) => void;
}

export type HttpHandler = (request: IncomingMessage, response: ServerResponse) => void;

export const isGraphqlPath = (url: string | undefined): boolean => url === '/graphql' || !!url?.startsWith('/graphql?');

/**
 * Serves /graphql: everything between the socket and Apollo. Whatever goes wrong is answered; nothing is thrown.
 */
export function createGraphqlHandler(
  api: () => GraphqlHandlerModules | undefined,
  options: GraphqlHandlerOptions,
): HttpHandler {
  async function answer(request: IncomingMessage, requestId: string, signal: AbortSignal): Promise<Answer> {
    if (options.isDraining()) throw new ConcordError('UNAVAILABLE', 'The server is shutting down: try again.');
    const modules = api();
    if (!modules) throw new ConcordError('UNAVAILABLE', 'The server is still starting: try again in a moment.');
    const httpGraphQLRequest = await readRequest(request, options.bodyLimit);
    const kept = new Map<object, unknown>();
    const context = () => contextOf(modules, options, request, { requestId, signal, kept });
    const result = await modules.apollo.executeHTTPGraphQLRequest({ httpGraphQLRequest, context });
    if (result.body.kind === 'chunked') throw new TypeError('Incremental delivery is not offered.');
    const status = kept.has(REFUSED_DOCUMENT) && isPlainJson(result.headers) ? 200 : (result.status ?? 200);
    return { status, headers: result.headers, body: result.body.string };
  }

  return (request, response) => {
    const started = performance.now();
    const requestId = requestIdOf(request);
    const gone = new AbortController();
    response.on('close', () => {
      if (!response.writableFinished) gone.abort();
      options.onAnswered(request, response.statusCode, requestId, started);
    });
    response.setHeader('x-request-id', requestId);
    answer(request, requestId, gone.signal)
      .catch((error: unknown) => {
        options.onRefused(error, requestId);
        return refusal(error);
      })
      .then((ready) => {
        if (options.isDraining()) response.setHeader('connection', 'close');
        if (!request.complete) response.on('finish', () => abandonBody(request));
        respond(request, response, ready);
      });
  };
}

/** The caller's own request id, where it is one that a log can take; else a new one. */
export function requestIdOf(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && /^[\w.:-]{1,64}$/.test(given) ? given : randomUUID();
}

async function readRequest(request: IncomingMessage, bodyLimit: number): Promise<HTTPGraphQLRequest> {
  const headers = new HeaderMap();
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  const { method = 'GET', url = '' } = request;
  const question = url.indexOf('?');
  const search = question < 0 ? '' : url.slice(question);
  if (method !== 'POST') return { method, headers, search, body: undefined };
  const body = await readBody(request, bodyLimit);
  // Without a body, or of another type, Apollo says what is wrong with it: CSRF prevention comes first.
  const json = body.length > 0 && isJsonType(request.headers['content-type']);
  return { method, headers, search, body: json ? parseJson(body) : undefined };
}

async function contextOf(
  { authenticator, rateLimiter }: GraphqlHandlerModules,
  { publicUrl, onRefused }: GraphqlHandlerOptions,
  request: IncomingMessage,
  about: Pick<Context, 'requestId' | 'signal' | 'kept'>,
): Promise<Context> {
  try {
    const viewer = await authenticator.authenticate({
      authorization: request.headers.authorization,
      proof: request.headers.dpop as string | undefined,
      method: request.method ?? 'GET',
      url: `${publicUrl?.replace(/\/$/, '') ?? `http://${request.headers.host}`}/graphql`,
    });
    const caller = viewer ? `token ${viewer.subject}` : `address ${request.socket.remoteAddress}`;
    charge(rateLimiter, caller, 1);
    return { viewer, caller, ...about };
  } catch (error) {
    if (!(error instanceof ConcordError)) {
      onRefused(error, about.requestId);
      throw error;
    }
    const challenge: Record<string, string> =
      error.code === 'UNAUTHENTICATED' ? { 'www-authenticate': 'Bearer error="invalid_token"' } : {};
    const refused = requestError(error, undefined, challenge);
    onRefused(refused, about.requestId);
    throw refused;
  }
}

/** GraphQL over HTTP: in application/json, an answer to a document that is refused has status 200, as old clients expect. */
const isPlainJson = (headers: HeaderMap): boolean => !!headers.get('content-type')?.startsWith('application/json');

function refusal(error: unknown): Answer {
  const { policy, message } = describeError(error);
  return {
    status: policy.http,
    headers: [['content-type', 'application/json; charset=utf-8']],
    body: JSON.stringify({ errors: [formatApiError({ message }, error)] }),
  };
}
