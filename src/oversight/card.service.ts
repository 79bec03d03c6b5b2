import { Releases } from '../../federated/privacy/mechanism.js';
import { parseContract } from '../engine/encoders/contract.js';
import type { RunsService } from '../federation/runs.service.js';
import type { Viewer } from '../graphql/viewer.js';
import type { ModelVersionInfo } from '../models/model-version.js';
import type { ModelsService } from '../models/models.service.js';
import type { LedgerService } from '../privacy/ledger.service.js';
import type { Dated, ModelCard, PrivacyFacts } from './card/card.js';
import { makeCard } from './card/make-card.js';
import type { DriftReport } from './drift-report.js';
import type { FairnessReport } from './fairness-report.js';
import type { StoredReport } from './report.js';
import type { ReportsService } from './reports.service.js';

const DELTA = 1e-5;
/** Rounds whose charges are added up. */
const MOST_ROUNDS = 10_000;

/** Model cards of stored versions: what is known of them, as of now. */
export class CardService {
  constructor(
    private readonly options: { readonly concord: string },
    private readonly modules: {
      readonly models: ModelsService;
      readonly runs: Pick<RunsService, 'lineage'>;
      readonly ledger: Pick<LedgerService, 'epsilon'>;
      readonly reports: ReportsService;
      readonly clock?: () => Date;
    },
  ) {}

  /**
   * @param institutionId whose figures of fairness and drift; default: the viewer's. Auditors of the consortium name one.
   * @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scope models:read), NOT_FOUND
   */
  async card(viewer: Viewer | undefined, versionId: string, institutionId?: string): Promise<ModelCard> {
    const { models, reports, clock } = this.modules;
    const version = await models.one(viewer, versionId);
    const [{ contract, digest }, privacy, fairness, drift] = await Promise.all([
      models.contractOf(viewer, versionId),
      this.privacy(viewer, version),
      reports.latest(viewer, versionId, 'fairness', institutionId),
      reports.latest(viewer, versionId, 'drift', institutionId),
    ]);
    return makeCard({
      concord: this.options.concord,
      at: clock?.() ?? new Date(),
      version: {
        id: versionId,
        task: version.task,
        model: version.model,
        number: version.number,
        status: version.status,
        owner: version.institutionId === null ? 'consortium' : 'institution',
        createdAt: version.createdAt.toISOString(),
        activatedAt: version.activatedAt?.toISOString() ?? null,
        rolledBackAt: version.rolledBackAt?.toISOString() ?? null,
        metrics: version.metrics,
        training: version.training,
        digest,
      },
      contract: parseContract(contract),
      privacy,
      fairness: fairness && dated<FairnessReport>(fairness),
      drift: drift && dated<DriftReport>(drift),
    });
  }

  /** ε of every round that made the version, of each institution by itself. */
  private async privacy(viewer: Viewer | undefined, { id, training }: ModelVersionInfo): Promise<PrivacyFacts> {
    if (training.federated !== true) return { federated: false, rounds: 0, spent: [], incomplete: false };
    const rounds = await this.modules.runs.lineage(viewer, id, MOST_ROUNDS + 1);
    const counted = rounds.slice(0, MOST_ROUNDS);
    const releases = new Map<string, Releases>();
    for (const { round, contributions } of counted)
      for (const { institution } of contributions)
        releases.set(institution, (releases.get(institution) ?? Releases.NONE).plus(round.plan.mechanisms));
    const spent = await Promise.all(
      [...releases].sort().map(async ([institution, released]) => ({
        institution,
        epsilon: await this.modules.ledger.epsilon(viewer, released.toMechanisms(), DELTA, 'pld'),
        delta: DELTA,
      })),
    );
    return { federated: true, rounds: counted.length, spent, incomplete: rounds.length > MOST_ROUNDS };
  }
}

const dated = <Report>({ report, level, createdAt }: StoredReport): Dated<Report> =>
  ({ ...report, level, measuredAt: createdAt.toISOString() }) as unknown as Dated<Report>;
