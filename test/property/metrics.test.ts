import fc from 'fast-check';
import { auc, averagePrecision, bestThreshold, binaryMetrics, confusion, ks } from '../../src/engine/metrics/binary.js';
import { midRank, rankingMetrics } from '../../src/engine/metrics/ranking.js';

/** Labels and coarse scores, so that ties are common; both classes are there. */
const cases = fc
  .array(fc.record({ label: fc.integer({ min: 0, max: 1 }), score: fc.integer({ min: 0, max: 8 }) }), {
    minLength: 2,
    maxLength: 40,
  })
  .filter((rows) => new Set(rows.map(({ label }) => label)).size === 2)
  .map((rows) => ({ labels: rows.map(({ label }) => label), scores: rows.map(({ score }) => score / 8) }));

describe('figures of a risk model, for any labels and scores', () => {
  test('AUC equals the share of pairs in the right order', () => {
    fc.assert(
      fc.property(cases, ({ labels, scores }) => {
        let won = 0;
        let pairs = 0;
        labels.forEach((a, i) => {
          labels.forEach((b, j) => {
            if (a !== 1 || b !== 0) return;
            pairs++;
            won += scores[i] > scores[j] ? 1 : scores[i] === scores[j] ? 0.5 : 0;
          });
        });
        expect(auc(labels, scores)).toBeCloseTo(won / pairs, 10);
      }),
    );
  });

  test('AUC, KS and average precision depend on the order alone; AUC turns round with the scores', () => {
    fc.assert(
      fc.property(cases, ({ labels, scores }) => {
        const stretched = scores.map((score) => score ** 3 * 5 - 1);
        for (const figure of [auc, ks, averagePrecision]) {
          expect(figure(labels, stretched)).toBeCloseTo(figure(labels, scores), 10);
        }
        expect(
          auc(
            labels,
            scores.map((score) => -score),
          ),
        ).toBeCloseTo(1 - auc(labels, scores), 10);
      }),
    );
  });

  test('no score is a better threshold than the best one, and every figure lies in its range', () => {
    fc.assert(
      fc.property(cases, ({ labels, scores }) => {
        const best = confusion(labels, scores, bestThreshold(labels, scores)).f1;
        for (const score of scores) expect(confusion(labels, scores, score).f1).toBeLessThanOrEqual(best + 1e-12);
        const {
          threshold: _,
          gini,
          n,
          logloss,
          ...shares
        } = binaryMetrics(labels, scores, { labels, probabilities: scores });
        expect(gini).toBeGreaterThanOrEqual(-1);
        expect(n).toBe(labels.length);
        expect(logloss).toBeGreaterThanOrEqual(0);
        for (const share of Object.values(shares)) {
          expect(share).toBeGreaterThanOrEqual(0);
          expect(share).toBeLessThanOrEqual(1 + 1e-12);
        }
      }),
    );
  });
});

describe('figures of a ranking, for any scores', () => {
  test('the mid-ranks of all products sum to 1 + 2 + … + n', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 30 }), (scores) => {
        const ranks = scores.map((_, product) => midRank(scores, product, () => true));
        const n = scores.length;
        expect(ranks.reduce((a, b) => a + b, 0)).toBeCloseTo((n * (n + 1)) / 2, 8);
      }),
    );
  });

  test('recall grows with k, and NDCG and MRR never pass recall at the end', () => {
    const user = fc.record({
      target: fc.nat(4),
      rank: fc.integer({ min: 2, max: 20 }).map((twice) => twice / 2),
      probability: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(user, { minLength: 1, maxLength: 30 }), (users) => {
        const figures = rankingMetrics(users, new Set([0, 1]));
        expect(figures['recall@1']).toBeLessThanOrEqual(figures['recall@3']);
        expect(figures['recall@3']).toBeLessThanOrEqual(figures['recall@5']);
        for (const k of [1, 3, 5]) expect(figures[`ndcg@${k}`]).toBeLessThanOrEqual(figures[`recall@${k}`] + 1e-12);
        expect(figures.mrr).toBeLessThanOrEqual(1);
        expect(figures.tail_n).toBe(users.filter(({ target }) => target > 1).length);
      }),
    );
  });
});
