import type { ScoringService } from '../engine/engine.js';
import { auc } from '../engine/metrics/binary.js';
import { midRank, mrr, type RankedUser } from '../engine/metrics/ranking.js';
import { badInput } from '../errors.js';
import { SCOPES, type Viewer } from '../graphql/viewer.js';
import type { ModelsService } from '../models/models.service.js';
import type { ScoringViews } from '../profiles/scoring-view.js';
import type { Measure } from './round-work.js';

const coordinator = (institutionId: string): Viewer => ({
  subject: 'coordinator',
  client: 'operator',
  scopes: new Set(SCOPES),
  institutionId,
});

/**
 * Measures a version on the users of the reference institution: AUC of risk; of interest the mean reciprocal rank of a product that each
 * user owns and that was hidden (the last by code).
 */
export function createMeasure(modules: {
  readonly models: ModelsService;
  readonly profiles: Pick<ScoringViews, 'trainingViews'>;
  readonly scoring: ScoringService;
}): Measure {
  const { models, profiles, scoring } = modules;
  return (institutionId, versionId, task) =>
    models.withVersion(institutionId, versionId, async ({ handle, positions, readsEvents: events }) => {
      const labels: number[] = [];
      const scores: number[] = [];
      const ranked: RankedUser[] = [];
      for await (const views of profiles.trainingViews(coordinator(institutionId), { events })) {
        if (task === 'risk') {
          const known = views.filter(({ riskLabel }) => riskLabel !== null);
          if (known.length === 0) continue;
          scores.push(
            ...(await scoring.scoreRisk(
              handle,
              known.map(({ row }) => row),
            )),
          );
          labels.push(...known.map(({ riskLabel }) => riskLabel!));
          continue;
        }
        const hidden = views.flatMap(({ row }) => {
          const owned = row.owned.filter((code) => positions.has(code)).sort();
          const target = owned.pop();
          return target === undefined ? [] : [{ row: { ...row, owned }, target: positions.get(target)! }];
        });
        if (hidden.length === 0) continue;
        const answers = await scoring.scoreInterest(
          handle,
          hidden.map(({ row }) => row),
        );
        answers.forEach((answer, index) => {
          const { row, target } = hidden[index];
          const owned = new Set(row.owned.map((code) => positions.get(code)));
          const rank = midRank(answer, target, (product) => !owned.has(product));
          ranked.push({ target, rank, probability: answer[target] });
        });
      }
      if (task === 'interest') {
        if (ranked.length === 0)
          throw badInput('The reference institution has no users who own products of the model.');
        return mrr(ranked);
      }
      if (new Set(labels).size < 2)
        throw badInput('The reference institution has no users with and without the event.');
      return auc(labels, scores);
    });
}
