import { badInput } from '../../../errors.js';
import { explainScorecard } from '../../scorecard/explain.js';
import { packScorecard, unpackScorecard } from '../../scorecard/file.js';
import { fitScorecard } from '../../scorecard/fit.js';
import { scorecardOdds } from '../../scorecard/score.js';
import { slotExpander } from '../../scorecard/slots.js';
import type { ModelKind } from '../kind.js';

/** A points scorecard of risk. */
export const scorecard: ModelKind<'scorecard'> = {
  kind: 'scorecard',
  models: ['scorecard'],
  notFederated: 'its classes and their weights of evidence are counts of users, which no node sends',
  fit: fitScorecard,
  pack: packScorecard,
  unpack: unpackScorecard,
  open: (weights, { contract }) => ({
    expander: slotExpander(contract),
    batchSizes: [1, 2, 4, 8, 16, 32, 64, 128, 256],
    async run({ rows, inputs }) {
      const width = contract.features.length;
      return Float32Array.from({ length: rows }, (_, row) => {
        const odds = scorecardOdds(contract, weights, inputs, row * width);
        return 1 / (1 + Math.exp(-odds));
      });
    },
    async dispose() {},
  }),
  explainRisk: async (predictor, weights, row) => explainScorecard(predictor, weights, row),
  async explainInterest() {
    throw badInput('A scorecard is a model of risk: it ranks no products.');
  },
};
