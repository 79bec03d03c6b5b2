import { randomBytes } from 'node:crypto';
import { canonicalJson } from '../../federated/canonical-json.js';
import { RoundError } from '../../federated/coordinator/round.js';
import { BudgetError } from '../../federated/privacy/ledger/budget.js';
import { Refusal, type RefusalCode } from '../../federated/protocol/refusal.js';
import { keyIdOf, parseStatement, type Statement, verifyStatement } from '../../federated/protocol/statement.js';
import { type UpdateFacts, UpdateFileReader } from '../../federated/protocol/update-file.js';
import { isWeight, mostWeight } from '../../federated/protocol/weight.js';
import type { Database, EntityManager } from '../database/database.js';
import { ConcordError, notFound } from '../errors.js';
import { toGlobalId } from '../graphql/relay.js';
import { requireInstitution, type Viewer } from '../graphql/viewer.js';
import type { BudgetsService } from '../privacy/budgets.service.js';
import type { LedgerService } from '../privacy/ledger.service.js';
import { ContributionsStore, type StoredRefusal } from './contributions.store.js';
import type { NodesService } from './nodes.service.js';
import type { Contribution, Round } from './round.js';
import type { RoundSteps } from './round-steps.js';
import { RoundsStore } from './rounds.store.js';

export interface Joined {
  readonly nonce: string;
  readonly reservation: string;
}
export interface Receipt {
  readonly contributionId: string;
  readonly digest: string;
  readonly weight: number;
}
export interface UploadState {
  readonly contributionId: string;
  readonly bytes: number;
  readonly offset: number;
}
/** A statement as it comes: its JSON text, and its detached JWS. */
export interface Signed {
  readonly statement: string;
  readonly signature: string;
}

const EQUIVOCATION = 'The node has signed another contribution to this round.';

/** Nothing is left to do for a node whose contribution was decided. */
const ANSWERED = new Set<string | undefined>(['accepted', 'refused']);

/** Bytes stored in one row, at most. */
export const CHUNK_BYTES = 1 << 20;

/** Rounds as nodes see them. What is refused is kept as evidence before the node is told. */
export class RoundsService {
  private readonly rounds = new RoundsStore();
  private readonly contributions = new ContributionsStore();

  constructor(
    private readonly modules: {
      readonly database: Database;
      readonly nodes: NodesService;
      readonly budgets: Pick<BudgetsService, 'reserve'>;
      readonly ledger: Pick<LedgerService, 'institutionOf'>;
      readonly steps: RoundSteps;
    },
  ) {}

  /**
   * The oldest round that collects, to which a node of the institution is invited, and that it has not answered.
   * @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scope updates:submit)
   */
  async open(viewer: Viewer | undefined, nodeId: string): Promise<Round | undefined> {
    const institutionId = requireInstitution(viewer, 'updates:submit');
    return this.modules.database.tenant(institutionId, async (manager) => {
      const rounds = await this.rounds.openFor(manager, [nodeId]);
      const open = ({ members, state }: Round) =>
        members[nodeId].institutionId === institutionId && !ANSWERED.has(state.participants[nodeId]?.status);
      return rounds.find(open);
    });
  }

  /**
   * Joins a round: the charge is reserved. The same statement again gets the same answer.
   * @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scope updates:submit), NOT_FOUND
   */
  join(viewer: Viewer | undefined, roundId: string, signed: Signed): Promise<Joined | Refusal> {
    const institutionId = requireInstitution(viewer, 'updates:submit');
    return this.orRefusal(institutionId, roundId, signed, () =>
      this.modules.database.coordinator(
        async (manager, within) => {
          const round = await this.modules.steps.lock(manager, roundId);
          const { node } = await within(institutionId, () =>
            this.verified(manager, institutionId, round, 'join', signed),
          );
          const before = await within(institutionId, () => this.contributions.ofNode(manager, roundId, node));
          if (before) {
            if (before.joinSignature !== signed.signature)
              throw new Refusal('REPLAYED', 'The node has joined this round by another statement.');
            return { nonce: before.nonce, reservation: before.reservation };
          }
          const joined = await this.modules.steps.apply(manager, within, round, { kind: 'joined', node });
          const statement = parseStatement('join', JSON.parse(signed.statement));
          return within(institutionId, async () => {
            const { run, population, mechanisms } = joined.plan;
            const reserved = { institutionId, population, mechanisms, run, round: roundId, node, at: new Date() };
            const reservation = await this.modules.budgets.reserve(manager, reserved);
            const nonce = randomBytes(32).toString('base64url');
            const values = { institutionId, roundId, nodeId: node, nonce, reservation };
            await this.contributions.insert(manager, {
              ...values,
              joinStatement: statement,
              joinSignature: signed.signature,
            });
            return { nonce, reservation };
          });
        },
        { retries: 3 },
      ),
    );
  }

  /**
   * Declares the file that will be uploaded. From here on the charge stands, whatever becomes of the upload. The same file again, signed
   * at whatever time, gets the same answer.
   * @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scope updates:submit), NOT_FOUND
   */
  begin(viewer: Viewer | undefined, roundId: string, signed: Signed): Promise<UploadState | Refusal> {
    const institutionId = requireInstitution(viewer, 'updates:submit');
    return this.orRefusal(institutionId, roundId, signed, () =>
      this.modules.database.coordinator(
        async (manager, within) => {
          const round = await this.modules.steps.lock(manager, roundId);
          const { node: nodeId } = await within(institutionId, () =>
            this.verified(manager, institutionId, round, 'begin', signed),
          );
          const statement = parseStatement('begin', JSON.parse(signed.statement));
          const { digest, bytes } = statement;
          const part = await within(institutionId, () => this.contributions.ofNode(manager, roundId, nodeId));
          if (!part) throw new Refusal('NOT_JOINED', 'The node has not joined the round.');
          if (statement.nonce !== part.nonce) throw new Refusal('NOT_JOINED', 'The nonce is not that of the join.');
          const most = 4 * round.plan.model.parameters + 8 + 4096;
          if (bytes > most) throw new Refusal('WRONG_SHAPE', `An update of this round has at most ${most} bytes.`);
          if (part.digest !== null) {
            if (part.digest !== digest || part.bytes !== bytes)
              throw new Refusal('EQUIVOCATION', 'The node has declared other bytes for this round.');
            return { contributionId: part.id, bytes, offset: part.received };
          }
          const event = { kind: 'upload-begun', node: nodeId, contribution: part.id } as const;
          await this.modules.steps.apply(manager, within, round, event);
          await within(institutionId, () => this.contributions.begin(manager, part.id, statement, signed.signature));
          return { contributionId: part.id, bytes, offset: 0 };
        },
        { retries: 3 },
      ),
    );
  }

  /** @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scope updates:submit), NOT_FOUND */
  async upload(viewer: Viewer | undefined, contributionId: string): Promise<UploadState> {
    const institutionId = requireInstitution(viewer, 'updates:submit');
    return this.modules.database.tenant(institutionId, async (manager) =>
      stateOf(await this.contributions.one(manager, contributionId), contributionId),
    );
  }

  /**
   * Stores bytes from an offset on, piece by piece; pieces that are there already are passed over. Memory: one chunk.
   * @returns how far the upload has come
   * @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scope updates:submit), NOT_FOUND, CONFLICT where the offset leaves a gap or the
   *   contribution was decided, LIMIT_EXCEEDED beyond the declared bytes
   */
  async receive(
    viewer: Viewer | undefined,
    contributionId: string,
    offset: number,
    body: AsyncIterable<Uint8Array>,
  ): Promise<UploadState> {
    const { offset: stored } = await this.upload(viewer, contributionId);
    const institutionId = requireInstitution(viewer, 'updates:submit');
    if (offset > stored) throw new ConcordError('CONFLICT', `The upload stands at ${stored}: go on there.`, { stored });
    let skip = stored - offset;
    let at = stored;
    let pieces: Uint8Array[] = [];
    let held = 0;
    let stuck = false;
    const flush = async (bytes: Buffer) => {
      stuck = true;
      await this.store(institutionId, contributionId, at, bytes);
      stuck = false;
      at += bytes.length;
    };
    try {
      for await (const piece of body) {
        const fresh = piece.subarray(Math.min(skip, piece.length));
        skip -= piece.length - fresh.length;
        pieces.push(fresh);
        held += fresh.length;
        while (held >= CHUNK_BYTES) {
          const all = Buffer.concat(pieces, held);
          await flush(all.subarray(0, CHUNK_BYTES));
          pieces = [Buffer.from(all.subarray(CHUNK_BYTES))];
          held = pieces[0].length;
        }
      }
    } finally {
      // What came before the connection broke need not come again.
      if (held > 0 && !stuck) await flush(Buffer.concat(pieces, held));
    }
    return this.upload(viewer, contributionId);
  }

  /**
   * Checks the whole contribution and accepts it, or refuses it with a reason. The same statement again gets the same answer.
   * @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scope updates:submit), NOT_FOUND, CONFLICT where bytes are missing
   */
  async commit(viewer: Viewer | undefined, contributionId: string, signed: Signed): Promise<Receipt | Refusal> {
    const institutionId = requireInstitution(viewer, 'updates:submit');
    const { database } = this.modules;
    const part = await database.tenant(institutionId, (manager) => this.contributions.one(manager, contributionId));
    if (!part) throw notFound('contribution', toGlobalId('Contribution', contributionId));
    // A receipt that was lost is given again, also where the key has been rotated since.
    if (part.signature === signed.signature) return again(part);
    return this.orRefusal(institutionId, part.roundId, signed, async () => {
      const { statement, round } = await database.tenant(institutionId, async (manager) => {
        const found = await this.rounds.one(manager, part.roundId);
        if (!found) throw notFound('round', toGlobalId('Round', part.roundId));
        const node = await this.verified(manager, institutionId, found, 'contribution', signed);
        if (node.node !== part.nodeId) throw new Refusal('WRONG_ROUND', "This is another node's contribution.");
        return { statement: parseStatement('contribution', JSON.parse(signed.statement)), round: found };
      });
      if (part.signature !== null) throw new Refusal('EQUIVOCATION', EQUIVOCATION);
      if (statement.nonce !== part.nonce) throw new Refusal('NOT_JOINED', 'The nonce is not that of the join.');
      if (part.digest === null) throw new Refusal('NOT_JOINED', 'No upload was begun.');
      if (part.received < (part.bytes ?? 0))
        throw new ConcordError('CONFLICT', `Only ${part.received} of ${part.bytes} bytes are there.`);
      const content = await this.check(institutionId, part, round, statement);
      return this.decide(institutionId, part, signed, statement, content);
    });
  }

  /**
   * Messages that were refused, newest first.
   * @throws {ConcordError} as LedgerService.institutionOf: evidence is for those who may read the ledger
   */
  async refusals(
    viewer: Viewer | undefined,
    institutionId: string | undefined,
    limit: number,
    after?: readonly [string, string],
  ): Promise<StoredRefusal[]> {
    const id = await this.modules.ledger.institutionOf(viewer, institutionId);
    return this.modules.database.tenant(id, (manager) => this.contributions.refusals(manager, limit, after));
  }

  private decide(
    institutionId: string,
    part: Contribution,
    signed: Signed,
    statement: Extract<Statement, { statement: 'contribution' }>,
    content: UpdateFacts | Refusal,
  ): Promise<Receipt | Refusal> {
    const { steps, database } = this.modules;
    const { id: contribution, nodeId: node, roundId } = part;
    return database.coordinator(
      async (manager, within) => {
        const round = await steps.lock(manager, roundId);
        const current = await within(institutionId, () => this.contributions.one(manager, contribution, true));
        if (current?.signature === signed.signature) return again(current);
        // Another one that was sent at the same moment came first.
        if (current?.signature) throw new Refusal('EQUIVOCATION', EQUIVOCATION);
        if (content instanceof Refusal) {
          const { code, message } = content;
          await steps.apply(manager, within, round, { kind: 'refused', node, refusal: code });
          await within(institutionId, async () => {
            await this.contributions.refuse(manager, contribution, signed.signature, code, message);
            await this.contributions.dropChunks(manager, contribution);
            await this.contributions.addRefusal(manager, { institutionId, roundId, code, message, ...signed });
          });
          return content;
        }
        const { weight, digest } = statement;
        await steps.apply(manager, within, round, { kind: 'accepted', node, contribution, weight });
        const accepted = { statement, signature: signed.signature, norm: content.norm, weight };
        await within(institutionId, () => this.contributions.accept(manager, contribution, accepted));
        return { contributionId: contribution, digest, weight };
      },
      { retries: 3 },
    );
  }

  /** What only the signed content decides: a refusal for these reasons is final. */
  private async check(
    institutionId: string,
    part: Contribution,
    { plan }: Round,
    statement: Extract<Statement, { statement: 'contribution' }>,
  ): Promise<UpdateFacts | Refusal> {
    try {
      if (canonicalJson(statement.mechanisms) !== canonicalJson(plan.mechanisms))
        throw new Refusal('MECHANISM_MISMATCH', "The charge is not that of the round's plan.");
      if (!isWeight(plan, statement.weight))
        throw new Refusal(
          'BAD_STATEMENT',
          `The weight must be a multiple of ${plan.weightStep}, up to ${mostWeight(plan)}.`,
        );
      if (statement.digest !== part.digest || statement.bytes !== part.bytes)
        throw new Refusal('EQUIVOCATION', 'The node has signed other bytes than it has declared.');
      const reader = new UpdateFileReader(plan.model.parameters);
      for await (const bytes of chunksOf(this.modules.database, institutionId, part)) reader.read(bytes);
      const facts = reader.end();
      if (facts.digest !== part.digest)
        throw new Refusal('DIGEST_MISMATCH', 'The bytes that came are not those of the digest.');
      if (facts.norm > plan.normBound)
        throw new Refusal('NORM_EXCEEDED', `The norm of the update is above ${plan.normBound}.`);
      return facts;
    } catch (error) {
      if (error instanceof Refusal) return error;
      throw error;
    }
  }

  /** Key, signature, and that the statement is about this round. @returns the node that signed */
  private async verified(
    manager: EntityManager,
    institutionId: string,
    round: Round,
    kind: Statement['statement'],
    { statement: text, signature }: Signed,
  ): Promise<{ node: string }> {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      throw new Refusal('BAD_STATEMENT', 'The statement is not JSON.');
    }
    const statement = parseStatement(kind, value);
    const { node, key } = await this.modules.nodes.keyAt(manager, institutionId, keyIdOf(signature), new Date());
    await verifyStatement(statement, signature, key.publicKey);
    if (statement.node !== node.id) throw new Refusal('WRONG_ROUND', 'The key is not that of the node it speaks for.');
    if (await this.contributions.usedElsewhere(manager, signature, round.id, node.id))
      throw new Refusal('REPLAYED', 'The statement was used already.');
    const same = statement.round === round.id && statement.run === round.runId && statement.plan === round.planDigest;
    if (!same) throw new Refusal('WRONG_ROUND', 'The statement is about another round, run or plan.');
    return { node: node.id };
  }

  private async store(institutionId: string, id: string, at: number, bytes: Buffer): Promise<void> {
    await this.modules.database.tenant(institutionId, async (manager) => {
      const part = await this.contributions.one(manager, id, true);
      if (!part || part.received !== at)
        throw new ConcordError('CONFLICT', 'Another upload of the same contribution goes on: ask where it stands.');
      if (part.signature !== null) throw new ConcordError('CONFLICT', 'The contribution was decided already.');
      if (at + bytes.length > (part.bytes ?? 0))
        throw new ConcordError('LIMIT_EXCEEDED', `No more than the declared ${part.bytes} bytes are taken.`);
      await this.contributions.append(manager, part, bytes);
    });
  }

  private async orRefusal<T>(
    institutionId: string,
    roundId: string,
    signed: Signed | undefined,
    work: () => Promise<T>,
  ): Promise<T | Refusal> {
    try {
      return await work();
    } catch (error) {
      const refusal = refusalOf(error);
      if (!refusal) throw error;
      const { code, message } = refusal;
      const evidence = { statement: signed?.statement ?? null, signature: signed?.signature ?? null };
      await this.modules.database.tenant(institutionId, (manager) =>
        this.contributions.addRefusal(manager, { institutionId, roundId, code, message, ...evidence }),
      );
      return refusal;
    }
  }
}

/** A contribution's bytes, one chunk in memory at a time. */
export async function* chunksOf(
  database: Database,
  institutionId: string,
  { id, chunks }: Pick<Contribution, 'id' | 'chunks'>,
): AsyncGenerator<Buffer> {
  const store = new ContributionsStore();
  for (let sequence = 0; sequence < chunks; sequence++) {
    yield await database.tenant(institutionId, (manager) => store.chunk(manager, id, sequence));
  }
}

function stateOf(part: Contribution | undefined, id: string): UploadState {
  if (!part || part.bytes === null) throw notFound('contribution', toGlobalId('Contribution', id));
  return { contributionId: part.id, bytes: part.bytes, offset: part.received };
}

function again(part: Contribution): Receipt | Refusal {
  if (part.refusal) return new Refusal(part.refusal as RefusalCode, part.refusalMessage ?? '');
  return { contributionId: part.id, digest: part.digest ?? '', weight: part.weight ?? 0 };
}

const ROUND_REFUSALS: Readonly<Record<RoundError['code'], RefusalCode>> = {
  ROUND_CLOSED: 'ROUND_CLOSED',
  NOT_INVITED: 'WRONG_ROUND',
  NOT_JOINED: 'NOT_JOINED',
  ALREADY_ACCEPTED: 'EQUIVOCATION',
  ALREADY_REFUSED: 'REPLAYED',
  UNEXPECTED: 'ROUND_CLOSED',
};

function refusalOf(error: unknown): Refusal | undefined {
  if (error instanceof Refusal) return error;
  if (error instanceof RoundError) return new Refusal(ROUND_REFUSALS[error.code], error.message);
  const exhausted = error instanceof BudgetError && ['EXHAUSTED', 'NO_CAP', 'OUTSIDE_PERIOD'].includes(error.code);
  return exhausted ? new Refusal('BUDGET_EXHAUSTED', (error as BudgetError).message) : undefined;
}
