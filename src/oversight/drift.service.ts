import { parseContract } from '../engine/encoders/contract.js';
import type { ScoringService } from '../engine/engine.js';
import { SMALLEST_GROUP } from '../engine/metrics/fairness/groups.js';
import { badInput } from '../errors.js';
import type { RunsService } from '../federation/runs.service.js';
import type { Viewer } from '../graphql/viewer.js';
import { MODEL_TASKS, type ModelVersionInfo } from '../models/model-version.js';
import type { ModelsService } from '../models/models.service.js';
import type { ScoringViews } from '../profiles/scoring-view.js';
import { type DriftReport, driftLevel, driftReport } from './drift-report.js';
import { PopulationBuilder, reader, readUsers } from './population.js';
import type { StoredReportOf } from './report.js';
import { type ReportsService, requireMeasuring } from './reports.service.js';

/** What the timer measures is kept where it is graver or less grave than before, and once a day in any case. */
const KEEP_EVERY_MS = 24 * 3_600_000;
/** Rounds that are looked through for one of histograms. */
const MOST_ROUNDS = 10_000;

/** Drift of an institution's stored users from those whom a version was trained on. */
export class DriftService {
  constructor(
    private readonly modules: {
      readonly models: ModelsService;
      readonly profiles: Pick<ScoringViews, 'trainingViews'>;
      readonly runs: Pick<RunsService, 'lineage'>;
      readonly scoring: ScoringService;
      readonly reports: ReportsService;
      readonly clock?: () => Date;
    },
  ) {}

  /**
   * Measures a version on the viewer's institution's users, and keeps the report.
   * @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scopes models:read and users:write), NOT_FOUND, BAD_INPUT where there are too few
   *   users
   */
  async assess(viewer: Viewer | undefined, versionId: string, signal?: AbortSignal): Promise<StoredReportOf<'drift'>> {
    const institutionId = requireMeasuring(viewer);
    const version = await this.modules.models.one(viewer, versionId);
    return this.keep(institutionId, await this.measure(institutionId, version, signal), version);
  }

  /**
   * For the timer: measures the versions that serve an institution. An institution of few users, or without a model, is passed over.
   * @throws {ConcordError} CANCELLED
   */
  async watch(institutionId: string, signal: AbortSignal): Promise<void> {
    const { models, reports, clock } = this.modules;
    for (const task of MODEL_TASKS) {
      const version = await models.active(reader(institutionId), task);
      if (!version || signal.aborted) continue;
      const measured = await this.measure(institutionId, version, signal, 0);
      if (measured.report.users < SMALLEST_GROUP) continue;
      const before = await reports.latest(reader(institutionId), version.id, 'drift');
      const age = (clock?.() ?? new Date()).getTime() - (before?.createdAt.getTime() ?? 0);
      if (before?.level === driftLevel(measured.report) && age < KEEP_EVERY_MS) continue;
      await this.keep(institutionId, measured, version);
    }
  }

  private async measure(
    institutionId: string,
    version: ModelVersionInfo,
    signal: AbortSignal | undefined,
    least = SMALLEST_GROUP,
  ): Promise<{ report: DriftReport; sampled: boolean }> {
    const { models, profiles, scoring } = this.modules;
    const { id, task, training } = version;
    const contract = parseContract((await models.contractOf(reader(institutionId), id)).contract);
    const population = new PopulationBuilder(contract);
    const scores: number[] = [];
    const sampled = await models.withVersion(institutionId, id, ({ handle, readsEvents }) =>
      readUsers({
        ...{ profiles, institutionId, task, signal, events: readsEvents },
        onPage: async (views) => {
          population.add(views);
          if (task !== 'risk') return;
          const page = await scoring.scoreRisk(
            handle,
            views.map(({ row }) => row),
          );
          for (const score of page) scores.push(score);
        },
      }),
    );
    const current = await population.build();
    if (current.size < least) throw badInput(`There are ${current.size} users: figures of groups need ${least}.`);
    const undistributed = await this.undistributed(institutionId, version);
    return { report: await driftReport({ task, contract, training, current, scores, undistributed }), sampled };
  }

  /** A contract that was declared, and never filled by a round of histograms, tells nothing of how users are spread. */
  private async undistributed(institutionId: string, { id, training }: ModelVersionInfo): Promise<string | undefined> {
    if (training.federated !== true) return undefined;
    const rounds = await this.modules.runs.lineage(reader(institutionId), id, MOST_ROUNDS);
    if (rounds.some(({ round }) => round.plan.strategy === 'histogram')) return undefined;
    return 'The inputs of this version were declared, and no round of histograms told how the users are spread: drift of features cannot be told.';
  }

  private async keep(
    institutionId: string,
    { report, sampled }: { readonly report: DriftReport; readonly sampled: boolean },
    { id }: ModelVersionInfo,
  ): Promise<StoredReportOf<'drift'>> {
    const stored = await this.modules.reports.keep(
      institutionId,
      {
        ...{ modelVersionId: id, kind: 'drift', level: driftLevel(report) },
        report: { ...report, sampled, remarks: [] },
      },
      because(report),
    );
    return stored as StoredReportOf<'drift'>;
  }
}

/** What has passed a mark. */
const because = ({ features, holdings, score, label }: DriftReport): string[] => [
  ...(score && score.level !== 'none' ? ['score'] : []),
  ...(label && label.level !== 'none' ? ['label'] : []),
  ...features.filter(({ level }) => level !== 'none').map(({ feature }) => feature),
  ...holdings.filter(({ level }) => level !== 'none').map(({ product }) => `owned:${product}`),
];
