import { canonicalJson } from '../../../federated/canonical-json.js';
import { type BytesFrom, CoordinatorAway, type CoordinatorClient, NodeStopped } from '../../../federated/node/ports.js';
import type { RoundPlan } from '../../../federated/protocol/plan.js';
import { REFUSALS, Refusal, type RefusalCode } from '../../../federated/protocol/refusal.js';
import { ConcordError, type ErrorCode } from '../../errors.js';
import { BEGIN_CONTRIBUTION, COMMIT_CONTRIBUTION, JOIN_ROUND, OPEN_ROUND } from './operations.js';

export interface CoordinatorAddress {
  /** Where the coordinator serves, without /graphql. */
  readonly url: string;
  readonly token: string;
  /** A request of which nothing was heard for so long is tried again; default 60,000. */
  readonly timeoutMs?: number;
}

/** Bytes of one PUT: what is lost at most where a connection breaks, and what is held in memory. */
const PIECE = 4 << 20;
const TIMEOUT_MS = 60_000;
/** Answers after which another try may help. */
const TRANSIENT = new Set([408, 425, 429, 500, 502, 503, 504]);

/** How a node names itself. */
export const NODE_AGENT = 'concord-node';

type Fields = Readonly<Record<string, unknown>>;

/** One request; what is worth another try comes as CoordinatorAway. */
async function request(
  { url, token, timeoutMs = TIMEOUT_MS }: CoordinatorAddress,
  path: string,
  init: RequestInit,
  signal: AbortSignal,
): Promise<Response> {
  const target = new URL(path, url.endsWith('/') ? url : `${url}/`);
  // The token is for the coordinator alone, wherever an answer points.
  if (target.origin !== new URL(url).origin)
    throw new ConcordError('BAD_INPUT', `The coordinator points to another server: ${target.origin}.`);
  const headers = {
    ...(init.headers as Record<string, string>),
    authorization: `Bearer ${token}`,
    'user-agent': NODE_AGENT,
  };
  const silence = new AbortController();
  const giveUp = () => silence.abort(new Error(`nothing was heard for ${timeoutMs} ms`));
  const timer = setTimeout(giveUp, timeoutMs).unref();
  let response: Response;
  try {
    response = await fetch(target, {
      ...init,
      headers,
      signal: AbortSignal.any([signal, silence.signal]),
      redirect: 'error',
    });
  } catch (error) {
    clearTimeout(timer);
    throw away(error, signal);
  }
  // A body may take long, as long as it comes.
  const heard = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      timer.refresh();
      controller.enqueue(chunk);
    },
    flush: () => clearTimeout(timer),
  });
  if (response.body) response = new Response(response.body.pipeThrough(heard), response);
  else clearTimeout(timer);
  if (!TRANSIENT.has(response.status)) return response;
  await response.body?.cancel();
  throw new CoordinatorAway(`The coordinator answered ${response.status}.`);
}

function away(error: unknown, signal: AbortSignal): Error {
  if (signal.aborted) return new NodeStopped();
  const { message, cause } = error as Error;
  const reason = (cause as NodeJS.ErrnoException | undefined)?.code ?? message;
  return new CoordinatorAway(`The coordinator cannot be reached (${reason}).`, { cause: error });
}

/**
 * @returns the only root field of the answer
 * @throws {CoordinatorAway}, {ConcordError} with the coordinator's code
 */
export async function askCoordinator(
  address: CoordinatorAddress,
  query: string,
  variables: Fields,
  signal: AbortSignal,
): Promise<unknown> {
  const response = await request(
    address,
    'graphql',
    {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({ query, variables }),
    },
    signal,
  );
  const { data, errors } = await json(response, signal);
  const [error] = (errors ?? []) as { message: string; extensions?: { code?: string } }[];
  if (error) {
    const code = error.extensions?.code;
    // A conflict is somebody else's transaction at the same moment.
    if (code === 'UNAVAILABLE' || code === 'INTERNAL' || code === 'CONFLICT')
      throw new CoordinatorAway(`The coordinator: ${error.message}`);
    if (isRefusal(code)) throw new Refusal(code, error.message);
    throw new ConcordError((code ?? 'BAD_INPUT') as ErrorCode, `The coordinator: ${error.message}`);
  }
  if (typeof data !== 'object' || data === null)
    throw new ConcordError('BAD_INPUT', `What is at ${address.url} is no coordinator (status ${response.status}).`);
  return Object.values(data)[0];
}

async function json(response: Response, signal: AbortSignal): Promise<Fields> {
  let text: string;
  try {
    text = await response.text();
  } catch (error) {
    throw away(error, signal);
  }
  try {
    return JSON.parse(text) as Fields;
  } catch {
    throw new ConcordError('BAD_INPUT', `The coordinator's answer is no JSON (status ${response.status}).`);
  }
}

const isRefusal = (code: unknown): code is RefusalCode => (REFUSALS as readonly unknown[]).includes(code);

/** A member of a union that is no refusal. @throws {Refusal} */
function accepted(answer: unknown): Fields {
  const { code, message, ...fields } = answer as Fields;
  if (code === undefined) return fields;
  if (isRefusal(code)) throw new Refusal(code, String(message));
  throw new ConcordError('BAD_INPUT', `The coordinator refuses with ${String(code)}: ${String(message)}`);
}

/** The coordinator over HTTP: GraphQL for what is said, PUT for an update's bytes, GET for weights. */
export function createCoordinatorClient(address: CoordinatorAddress, nodeId: string): CoordinatorClient {
  const ask = (query: string, variables: Fields, signal: AbortSignal) =>
    askCoordinator(address, query, variables, signal);
  return {
    async openRound(signal) {
      const answer = (await ask(OPEN_ROUND, { nodeId }, signal)) as {
        plan: RoundPlan | string;
        weightsUrl: string;
      } | null;
      if (!answer) return undefined;
      const { plan, weightsUrl } = answer;
      return { plan: typeof plan === 'string' ? (JSON.parse(plan) as RoundPlan) : plan, weightsUrl };
    },
    async join(statement, jws, signal) {
      const variables = { roundId: statement.round, statement: canonicalJson(statement), jws };
      return { nonce: String(accepted(await ask(JOIN_ROUND, variables, signal)).nonce) };
    },
    async *weights({ weightsUrl }, signal) {
      const response = await request(address, weightsUrl, {}, signal);
      if (!response.ok || !response.body)
        throw new ConcordError('BAD_INPUT', `The coordinator gives no weights (status ${response.status}).`);
      try {
        for await (const chunk of response.body) yield chunk as Uint8Array;
      } catch (error) {
        throw away(error, signal);
      }
    },
    async begin(statement, jws, signal) {
      const variables = { roundId: statement.round, statement: canonicalJson(statement), jws };
      const answer = accepted(await ask(BEGIN_CONTRIBUTION, variables, signal));
      const { contributionId, uploadUrl, offset } = answer;
      return { contributionId: String(contributionId), uploadUrl: String(uploadUrl), offset: Number(offset) };
    },
    async upload({ uploadUrl, offset }, bytes, read, signal) {
      let at = offset;
      for await (const piece of pieces(read, offset)) {
        await put(address, uploadUrl, { at, piece, bytes }, signal);
        at += piece.length;
      }
    },
    async commit(contributionId, statement, jws, signal) {
      accepted(await ask(COMMIT_CONTRIBUTION, { contributionId, statement: canonicalJson(statement), jws }, signal));
    },
  };
}

/** @throws {Refusal} where the coordinator refuses the bytes; {CoordinatorAway} where it has others than these */
async function put(
  address: CoordinatorAddress,
  url: string,
  { at, piece, bytes }: { readonly at: number; readonly piece: Uint8Array<ArrayBuffer>; readonly bytes: number },
  signal: AbortSignal,
): Promise<void> {
  const headers = {
    'content-type': 'application/octet-stream',
    'content-range': `bytes ${at}-${at + piece.length - 1}/${bytes}`,
  };
  const response = await request(address, url, { method: 'PUT', headers, body: piece }, signal);
  if (response.ok) {
    await response.body?.cancel();
    return;
  }
  // An earlier piece arrived though its answer did not: what has arrived is asked again.
  if (response.status === 409 || response.status === 416) {
    await response.body?.cancel();
    throw new CoordinatorAway('The coordinator has other bytes of the update than was thought.');
  }
  const { code, message } = ((await json(response, signal)).error ?? {}) as Fields;
  if (isRefusal(code)) throw new Refusal(code, String(message));
  throw new ConcordError('BAD_INPUT', `The coordinator does not take the update (status ${response.status}).`);
}

async function* pieces(read: BytesFrom, offset: number): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let held: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of read(offset)) {
    held.push(chunk);
    size += chunk.length;
    if (size < PIECE) continue;
    yield Buffer.concat(held);
    held = [];
    size = 0;
  }
  if (size > 0) yield Buffer.concat(held);
}
