import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Collecting, openRound, transition } from '../../federated/coordinator/round.js';
import { LocalLedger } from '../../federated/node/ledger.js';
import { mechanismsOf } from '../../federated/privacy/dp-sgd.js';
import { planDigest, type RoundPlan } from '../../federated/protocol/plan.js';
import { Refusal } from '../../federated/protocol/refusal.js';
import { keyIdOf, parseStatement, type Statement, verifyStatement } from '../../federated/protocol/statement.js';
import { UpdateFileReader } from '../../federated/protocol/update-file.js';

interface Part {
  readonly nonce: string;
  readonly joinJws: string;
  contribution?: { id: string; digest: string; bytes: number; received: Buffer[]; size: number };
  signature?: string;
}

export interface Request {
  readonly kind: 'openRound' | 'joinRound' | 'weights' | 'beginContribution' | 'put' | 'commitContribution';
  readonly node: string;
  /** Counted per node and kind, from 1. */
  readonly times: number;
}

/**
 * A coordinator over real HTTP with its state in memory, made of the protocol's own code: signatures, state machine, update files, budgets.
 * A node's token is its id.
 */
export class TestCoordinator {
  readonly ledgers = new Map<string, { ledger: LocalLedger; lines: string[] }>();
  readonly requests: Request[] = [];
  readonly updates: { round: string; node: string; digest: string }[] = [];
  /** Called before a request is handled, and after, before it is answered. Returns true to break the connection instead. */
  intercept: (request: Request, when: 'before' | 'after') => boolean = () => false;
  round: { plan: RoundPlan; state: Collecting; parts: Map<string, Part> } | undefined;
  readonly finished: RoundPlan[] = [];
  private server: Server | undefined;

  constructor(
    /** Public keys by node id, and the ids of keys. */
    private readonly keys: ReadonlyMap<string, { readonly id: string; readonly publicKey: string }>,
    private readonly weights: Uint8Array,
    private readonly cap: { epsilon: number; delta: number; days: number },
  ) {
    for (const node of keys.keys()) {
      const lines: string[] = [];
      const ledger = new LocalLedger(node, { lines: [], append: (line) => lines.push(line) });
      ledger.setCap('all', this.cap, Date.now());
      this.ledgers.set(node, { ledger, lines });
    }
  }

  async start(): Promise<string> {
    const server = createServer((request, response) => {
      this.answer(request)
        .then((answer) => {
          if (!answer) return void request.socket.destroy();
          response.writeHead(answer.status, { 'content-type': 'application/json' });
          response.end(answer.body);
        })
        .catch((error: unknown) => {
          response.writeHead(500);
          response.end(String(error));
        });
    });
    this.server = server;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise((resolve) => this.server?.close(resolve));
  }

  open(plan: Omit<RoundPlan, 'base' | 'mechanisms'>, mechanisms = mechanismsOf(plan.training)): RoundPlan {
    const digest = createHash('sha256').update(this.weights).digest('hex');
    const full = { ...plan, mechanisms, base: { version: randomUUID(), digest } };
    const invited = [...this.keys.keys()];
    const state = openRound({ deadline: plan.deadline, quorum: 1, invited, workTimeout: 1000 });
    this.round = { plan: full, state, parts: new Map() };
    return full;
  }

  private async answer(request: IncomingMessage): Promise<{ status: number; body: string | Uint8Array } | undefined> {
    const node = (request.headers.authorization ?? '').replace('Bearer ', '');
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const graphql = request.url === '/graphql' ? JSON.parse(body.toString()) : undefined;
    const field = graphql && /\{\s*(\w+)/.exec(graphql.query)?.[1];
    const kind = (field ?? (request.method === 'PUT' ? 'put' : 'weights')) as Request['kind'];
    const times = this.requests.filter((known) => known.kind === kind && known.node === node).length + 1;
    const about = { kind, node, times };
    this.requests.push(about);
    if (this.intercept(about, 'before')) return undefined;
    let answer: { status: number; body: string | Uint8Array };
    try {
      if (kind === 'weights') answer = { status: 200, body: this.weights };
      else if (kind === 'put') answer = this.put(node, request.headers['content-range'] ?? '', body);
      else {
        const value = await this.handle(kind, node, graphql.variables);
        answer = { status: 200, body: JSON.stringify({ data: { [kind]: value } }) };
      }
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const { code, message } = error;
      const refusal = { __typename: 'Refused', code, message };
      answer =
        kind === 'put'
          ? { status: 422, body: JSON.stringify({ error: refusal }) }
          : { status: 200, body: JSON.stringify({ data: { [kind]: refusal } }) };
    }
    return this.intercept(about, 'after') ? undefined : answer;
  }

  private async handle(kind: string, node: string, variables: Record<string, string>): Promise<unknown> {
    const { round } = this;
    if (kind === 'openRound') return round ? { plan: round.plan, weightsUrl: '/models/base/weights' } : null;
    if (!round) throw new Refusal('ROUND_CLOSED', 'No round is open.');
    const { ledger } = this.ledgers.get(node)!;
    const part = round.parts.get(node);
    if (kind === 'joinRound') {
      const statement = await this.verified('join', node, variables);
      if (statement.plan !== planDigest(round.plan)) throw new Refusal('WRONG_ROUND', 'Another plan.');
      if (part && part.joinJws !== variables.jws) throw new Refusal('REPLAYED', 'This node joined already.');
      if (part) return { __typename: 'RoundJoined', nonce: part.nonce };
      ledger.reserve(round.plan, node, Date.now());
      const nonce = randomBytes(32).toString('base64url');
      round.parts.set(node, { nonce, joinJws: variables.jws });
      this.apply({ kind: 'joined', node });
      return { __typename: 'RoundJoined', nonce };
    }
    if (!part) throw new Refusal('NOT_JOINED', 'This node has not joined.');
    if (kind === 'beginContribution') {
      const { digest, bytes, nonce } = await this.verified('begin', node, variables);
      if (nonce !== part.nonce) throw new Refusal('NOT_JOINED', 'Another nonce.');
      if (part.contribution && part.contribution.digest !== digest)
        throw new Refusal('EQUIVOCATION', 'Another update was begun.');
      if (!part.contribution) {
        part.contribution = { id: randomUUID(), digest, bytes, received: [], size: 0 };
        this.apply({ kind: 'upload-begun', node, contribution: part.contribution.id });
      }
      const { id, size } = part.contribution;
      return { __typename: 'ContributionBegun', contributionId: id, uploadUrl: `/contributions/${id}`, offset: size };
    }
    return this.commit(node, part, variables);
  }

  private async commit(node: string, part: Part, variables: Record<string, string>): Promise<unknown> {
    const round = this.round!;
    const statement = await this.verified('contribution', node, variables);
    if (part.signature === variables.jws) return { __typename: 'ContributionAccepted' };
    if (part.signature) throw new Refusal('REPLAYED', 'A contribution was accepted already.');
    if (statement.nonce !== part.nonce) throw new Refusal('NOT_JOINED', 'Another nonce.');
    const reader = new UpdateFileReader(round.plan.model.parameters);
    for (const chunk of part.contribution!.received) reader.read(chunk);
    const { digest, norm } = reader.end();
    if (digest !== statement.digest) throw new Refusal('DIGEST_MISMATCH', 'Other bytes.');
    if (norm > round.plan.normBound) throw new Refusal('NORM_EXCEEDED', 'Too long.');
    part.signature = variables.jws;
    this.updates.push({ round: round.plan.round, node, digest });
    this.ledgers.get(node)!.ledger.commit(round.plan, digest, Date.now());
    this.apply({ kind: 'accepted', node, contribution: part.contribution!.id, weight: statement.weight });
    return { __typename: 'ContributionAccepted' };
  }

  private put(node: string, range: string, body: Buffer): { status: number; body: string } {
    const contribution = this.round?.parts.get(node)?.contribution;
    if (!contribution) throw new Refusal('NOT_JOINED', 'Nothing was begun.');
    const [, from] = /^bytes (\d+)-\d+\/\d+$/.exec(range) ?? [];
    if (Number(from) !== contribution.size) return { status: 409, body: '{}' };
    contribution.received.push(body);
    contribution.size += body.length;
    return { status: 200, body: '{}' };
  }

  private async verified<Kind extends Statement['statement']>(kind: Kind, node: string, v: Record<string, string>) {
    const statement = parseStatement(kind, JSON.parse(v.statement));
    const key = this.keys.get(node);
    if (!key || keyIdOf(v.jws) !== key.id) throw new Refusal('UNKNOWN_KEY', 'No such key.');
    await verifyStatement(statement, v.jws, key.publicKey);
    if (statement.node !== node || statement.round !== this.round?.plan.round)
      throw new Refusal('WRONG_ROUND', 'Another round or node.');
    return statement;
  }

  private apply(event: Parameters<typeof transition>[1]): void {
    const round = this.round!;
    const { state } = transition(round.state, event);
    if (state.status === 'collecting') {
      round.state = state;
      return;
    }
    this.finished.push(round.plan);
    this.round = undefined;
  }
}
