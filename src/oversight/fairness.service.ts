import { setImmediate } from 'node:timers/promises';
import type { Database } from '../database/database.js';
import type { Column } from '../engine/data/dataset.js';
import type { ScoringService } from '../engine/engine.js';
import type { Favourable } from '../engine/metrics/fairness/fairness.js';
import { SMALLEST_GROUP } from '../engine/metrics/fairness/groups.js';
import { midRank } from '../engine/metrics/ranking.js';
import { badInput } from '../errors.js';
import type { Viewer } from '../graphql/viewer.js';
import type { ActiveModel } from '../models/model-version.js';
import type { ModelsService } from '../models/models.service.js';
import type { ProductsService } from '../products/products.service.js';
import type { ScoringViews, TrainingView } from '../profiles/scoring-view.js';
import {
  type FairnessReport,
  fairnessLevel,
  interestFairness,
  type RankedUsers,
  riskFairness,
} from './fairness-report.js';
import { OversightStore, type ServedList } from './oversight.store.js';
import { MOST_USERS, ProtectedBuilder, reader, readUsers } from './population.js';
import type { StoredReportOf } from './report.js';
import { type ReportsService, requireMeasuring } from './reports.service.js';

export interface FairnessRequest {
  readonly versionId: string;
  /** Of the event, where decisions part; default: from which a risk is high. */
  readonly threshold?: number;
  /** Which probabilities are good news; default: low ones. */
  readonly favourable?: Favourable;
}

/** Users stored as test users are measured alone where there are so many: the model was not trained on them. */
const ENOUGH_TESTED = 500;
/** Products that a user would be shown of the model's ranking. */
const SHOWN = 10;
/** Lists that were served in so many days. */
const SERVED_DAYS = 90;

/** Figures of a version by protected attribute, from an institution's stored users. Protected attributes go into figures of groups alone. */
export class FairnessService {
  private readonly store: OversightStore;

  constructor(
    private readonly options: { readonly threshold: number },
    private readonly modules: {
      readonly database: Database;
      readonly models: ModelsService;
      readonly products: Pick<ProductsService, 'snapshot'>;
      readonly profiles: Pick<ScoringViews, 'trainingViews'>;
      readonly scoring: ScoringService;
      readonly reports: ReportsService;
    },
  ) {
    this.store = new OversightStore(modules.database);
  }

  /**
   * Measures a version on the viewer's institution's users, and keeps the report.
   * @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scopes models:read and users:write), NOT_FOUND, BAD_INPUT where there are too few
   *   users, or no protected attributes
   */
  async assess(
    viewer: Viewer | undefined,
    request: FairnessRequest,
    signal?: AbortSignal,
  ): Promise<StoredReportOf<'fairness'>> {
    const institutionId = requireMeasuring(viewer);
    const { versionId, threshold = this.options.threshold } = request;
    if (!(threshold > 0 && threshold < 1)) throw badInput('A threshold is a probability between 0 and 1.');
    const work = (model: ActiveModel) =>
      model.task === 'risk'
        ? this.risk(institutionId, model, { threshold, favourable: request.favourable ?? 'low' }, signal)
        : this.interest(institutionId, model, signal);
    const { report, sampled, remarks } = await this.modules.models.withVersion(
      institutionId,
      versionId,
      async (model) => {
        const measured = await work(model);
        return { ...measured, remarks: [...measured.remarks, readsOf(measured.report, model)] };
      },
    );
    const level = fairnessLevel(report);
    const stored = await this.modules.reports.keep(
      institutionId,
      { modelVersionId: versionId, kind: 'fairness', level, report: { ...report, sampled, remarks } },
      report.attributes.map(({ attribute }) => attribute),
    );
    return stored as StoredReportOf<'fairness'>;
  }

  private async risk(
    institutionId: string,
    { handle, readsEvents: events }: ActiveModel,
    rule: { readonly threshold: number; readonly favourable: Favourable },
    signal: AbortSignal | undefined,
  ): Promise<Measured> {
    const { profiles, scoring } = this.modules;
    const measure = async (isIn?: (view: TrainingView) => boolean) => {
      const attributes = new ProtectedBuilder();
      const labels: number[] = [];
      const probabilities: number[] = [];
      const sampled = await readUsers({
        ...{ profiles, institutionId, task: 'risk', signal, events, isIn },
        onPage: async (views) => {
          const scores = await scoring.scoreRisk(
            handle,
            views.map(({ row }) => row),
          );
          for (const score of scores) probabilities.push(score);
          for (const { riskLabel, protectedAttributes } of views) {
            labels.push(riskLabel ?? Number.NaN);
            attributes.add(protectedAttributes);
          }
        },
      });
      return { attributes, labels, probabilities, sampled };
    };
    const tested = await measure(({ fold, riskLabel }) => fold === 'test' && riskLabel !== null);
    const enough = tested.labels.length >= ENOUGH_TESTED;
    const { attributes, labels, probabilities, sampled } = enough ? tested : await measure();
    const columns = check(attributes, labels.length);
    const users = Int32Array.from({ length: labels.length }, (_, user) => user);
    return {
      report: await byAttribute(columns, (column) => riskFairness({ labels, probabilities }, [column], users, rule)),
      sampled,
      remarks: [
        enough
          ? 'Users who are stored as test users: the model has not learned from them.'
          : 'All users, among them those whom the model has learned from: errors are less than they will be on others.',
      ],
    };
  }

  private async interest(
    institutionId: string,
    { id, handle, positions, readsEvents: events }: ActiveModel,
    signal: AbortSignal | undefined,
  ): Promise<Measured> {
    const { products, profiles, scoring } = this.modules;
    const { byCode } = await products.snapshot(reader(institutionId));
    const codes = [...positions.keys()];
    const attributes = new ProtectedBuilder();
    const users: number[] = [];
    const ranks: number[] = [];
    const tops: string[][] = [];
    const sampled = await readUsers({
      ...{ profiles, institutionId, task: 'interest', signal, events },
      onPage: async (views) => {
        const from = tops.length;
        const all = await scoring.scoreInterest(
          handle,
          views.map(({ row }) => row),
        );
        views.forEach(({ row, protectedAttributes }, index) => {
          attributes.add(protectedAttributes);
          const owned = new Set(row.owned);
          tops.push(topOf(all[index], codes, (code) => !owned.has(code) && byCode.has(code)));
        });
        // As the coordinator measures a version: the last by code of what a user owns is hidden, and to be found again.
        const hidden = views.flatMap(({ row }, index) => {
          const known = row.owned.filter((code) => positions.has(code)).sort();
          const target = known.pop();
          return target === undefined ? [] : [{ user: from + index, row: { ...row, owned: known }, target }];
        });
        const answers = await scoring.scoreInterest(
          handle,
          hidden.map(({ row }) => row),
        );
        hidden.forEach(({ user, row, target }, index) => {
          const owned = new Set(row.owned.map((code) => positions.get(code)));
          users.push(user);
          ranks.push(midRank(answers[index], positions.get(target)!, (product) => !owned.has(product)));
        });
      },
    });
    const columns = check(attributes, tops.length);
    const classes = (by: 'riskClass' | 'type', from: readonly string[]) =>
      from.map((code) => String(byCode.get(code)?.[by] ?? 'unknown'));
    const byModel = (by: 'riskClass' | 'type'): RankedUsers => ({
      by,
      from: 'model',
      lists: tops.map((top, user) => ({ user, classes: classes(by, top) })),
    });
    const sample = {
      hidden: { users: Int32Array.from(users), ranks },
      ranked: [byModel('riskClass'), byModel('type')],
    };
    const report = await byAttribute(columns, (column) => interestFairness(sample, [column], tops.length));
    const served = await this.store.served(institutionId, id, SERVED_DAYS, MOST_USERS);
    const remarks = [
      `As the model ranks: the first ${SHOWN} products that a user does not own, before suitability is looked at.`,
      `As served: the newest list of each user in ${SERVED_DAYS} days, as far as it was delivered; there are ${served.length}.`,
    ];
    return { report: await withServed(report, served), sampled, remarks };
  }
}

interface Measured {
  readonly report: FairnessReport;
  readonly sampled: boolean;
  readonly remarks: readonly string[];
}

/** Whether protected attributes are inputs of the model, too: an import stores them as both where its descriptor says so. */
function readsOf({ attributes }: FairnessReport, { columns }: ActiveModel): string {
  const read = attributes.map(({ attribute }) => attribute).filter((name) => columns.has(name));
  return read.length > 0
    ? `The model reads ${read.join(', ')}: they are stored as attributes that it may use, too.`
    : 'The model reads none of these attributes.';
}

/** One attribute after the other, and other work in between. */
async function byAttribute<Report extends { readonly attributes: readonly unknown[] }>(
  columns: readonly Column[],
  measure: (column: Column) => Report,
): Promise<Report> {
  const reports: Report[] = [];
  for (const column of columns) {
    reports.push(measure(column));
    await setImmediate();
  }
  return { ...reports[0], attributes: reports.flatMap(({ attributes }) => attributes) };
}

function check(attributes: ProtectedBuilder, users: number) {
  if (users < SMALLEST_GROUP) throw badInput(`There are ${users} users: figures of groups need ${SMALLEST_GROUP}.`);
  const columns = attributes.build();
  if (columns.length === 0)
    throw badInput('No user has a protected attribute: import them, or set protectedAttributes of users.');
  return columns;
}

/** Codes of the best products, best first; of equal ones that which comes first. */
function topOf(scores: Float32Array, codes: readonly string[], isCandidate: (code: string) => boolean): string[] {
  const top: number[] = [];
  for (let place = 0; place < codes.length; place++) {
    const full = top.length === SHOWN;
    if ((full && scores[place] <= scores[top[SHOWN - 1]]) || !isCandidate(codes[place])) continue;
    if (full) top.pop();
    let at = top.length;
    while (at > 0 && scores[place] > scores[top[at - 1]]) at--;
    top.splice(at, 0, place);
  }
  return top.map((place) => codes[place]);
}

/** Adds exposure in lists that were served, to those attributes that their users have. */
async function withServed(
  report: ReturnType<typeof interestFairness>,
  served: readonly ServedList[],
): Promise<FairnessReport> {
  if (served.length < SMALLEST_GROUP) return report;
  const attributes = new ProtectedBuilder();
  for (const list of served) attributes.add(list.attributes);
  const lists = (by: 'riskClass' | 'type'): RankedUsers => ({
    by,
    from: 'served',
    lists: served.map(({ products }, user) => ({ user, classes: products.map((product) => String(product[by])) })),
  });
  const columns = attributes.build();
  if (columns.length === 0) return report;
  const sample = { ranked: [lists('riskClass'), lists('type')] };
  const figures = await byAttribute(columns, (column) => interestFairness(sample, [column], served.length));
  const exposures = new Map(figures.attributes.map((each) => [each.attribute, each.exposures]));
  return {
    ...report,
    attributes: report.attributes.map((each) => ({
      ...each,
      exposures: [...each.exposures, ...(exposures.get(each.attribute) ?? [])],
    })),
  };
}
