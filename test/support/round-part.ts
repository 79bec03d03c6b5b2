import { Refusal } from '../../federated/protocol/refusal.js';
import { digestOf, updateFileChunks } from '../../federated/protocol/update-file.js';
import type { Round } from '../../src/federation/round.js';
import type { Joined, Receipt, RoundsService, Signed, UploadState } from '../../src/federation/rounds.service.js';
import { beginOf, contributionOf, joinOf, type Member, nodeViewer, signed } from './federation.js';

/**
 * A node's part in a round, message by message, each signed as the protocol asks. `over` changes fields of a statement before it is signed;
 * the last argument of what signs is another key.
 */
export class RoundPart {
  /** What was signed and sent, in order. */
  readonly sent: Signed[] = [];
  private readonly viewer;

  constructor(
    private readonly rounds: RoundsService,
    readonly round: Round,
    readonly member: Member,
    /** Of every statement: the same part, played again, then signs the same. */
    private readonly at = new Date().toISOString(),
  ) {
    this.viewer = nodeViewer(member.institutionId);
  }

  signedJoin(over: object = {}, key = this.member.key): Promise<Signed> {
    return signed(joinOf(this.round.plan, this.member.node, { at: this.at, ...over }), key);
  }

  signedBegin(nonce: string, update: Float32Array, over: object = {}, key = this.member.key): Promise<Signed> {
    return signed(beginOf(this.round.plan, this.member.node, nonce, update, { at: this.at, ...over }), key);
  }

  signedCommit(nonce: string, update: Float32Array, over: object = {}, key = this.member.key): Promise<Signed> {
    return signed(contributionOf(this.round.plan, this.member.node, nonce, update, { at: this.at, ...over }), key);
  }

  sendJoin(join: Signed): Promise<Joined | Refusal> {
    this.sent.push(join);
    return this.rounds.join(this.viewer, this.round.id, join);
  }

  sendBegin(begin: Signed): Promise<UploadState | Refusal> {
    this.sent.push(begin);
    return this.rounds.begin(this.viewer, this.round.id, begin);
  }

  put(contributionId: string, file: Uint8Array, offset = 0): Promise<UploadState> {
    const body = async function* () {
      yield file.subarray(offset);
    };
    return this.rounds.receive(this.viewer, contributionId, offset, body());
  }

  sendCommit(contributionId: string, commit: Signed): Promise<Receipt | Refusal> {
    this.sent.push(commit);
    return this.rounds.commit(this.viewer, contributionId, commit);
  }

  async tryJoin(over: object = {}, key = this.member.key): Promise<Joined | Refusal> {
    return this.sendJoin(await this.signedJoin(over, key));
  }

  async tryBegin(nonce: string, update: Float32Array, over: object = {}, key = this.member.key) {
    return this.sendBegin(await this.signedBegin(nonce, update, over, key));
  }

  async tryCommit({ nonce, contributionId }: Upload, update: Float32Array, over: object = {}, key = this.member.key) {
    return this.sendCommit(contributionId, await this.signedCommit(nonce, update, over, key));
  }

  async join(): Promise<Joined> {
    return granted(await this.tryJoin());
  }

  async begin(update: Float32Array, over: object = {}): Promise<Upload> {
    const { nonce } = await this.join();
    const { contributionId } = granted(await this.tryBegin(nonce, update, over));
    return { nonce, contributionId };
  }

  /** Joined, declared, and all bytes there: what is missing is the signature. */
  async upload(update: Float32Array): Promise<Upload> {
    const { nonce } = await this.join();
    const { contributionId, offset } = granted(await this.tryBegin(nonce, update));
    await this.put(contributionId, fileOf(update), offset);
    return { nonce, contributionId };
  }

  async contribute(update: Float32Array, over: object = {}): Promise<Receipt | Refusal> {
    return this.tryCommit(await this.upload(update), update, over);
  }

  /** Any bytes as the update, declared and signed as what they are. */
  async contributeFile(file: Uint8Array): Promise<Receipt | Refusal> {
    const nothing = new Float32Array(0);
    const declared = { digest: digestOf([file]), bytes: file.length };
    const upload = await this.begin(nothing, declared);
    await this.put(upload.contributionId, file);
    return this.tryCommit(upload, nothing, declared);
  }
}

export interface Upload {
  readonly nonce: string;
  readonly contributionId: string;
}

export const fileOf = (update: Float32Array): Buffer => Buffer.concat([...updateFileChunks(update)]);

/** @throws {Refusal} */
export function granted<T>(answer: T | Refusal): T {
  if (answer instanceof Refusal) throw answer;
  return answer;
}
