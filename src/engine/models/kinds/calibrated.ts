import { badInput } from '../../../errors.js';
import { calibrate } from '../../calibration/calibration.js';
import { packCalibrated, unpackCalibrated } from '../../calibration/file.js';
import { logOdds } from '../../explanations/shapley.js';
import type { ModelKind, OpenModel, Predictor } from '../kind.js';

interface OpenCalibrated extends OpenModel {
  readonly member: Predictor;
}

/** A model of risk whose probabilities are led to what came true. It is asked for by a setting of the model, not by a name of its own. */
export const calibrated: ModelKind<'calibrated'> = {
  kind: 'calibrated',
  models: [],
  async fit() {
    throw new Error('Calibration is a setting of other models.');
  },
  pack: packCalibrated,
  unpack: unpackCalibrated,
  open({ member: weights, calibration }, { task, contract, open }): OpenCalibrated {
    const member = open(weights, { task, contract });
    const { expander, opened } = member;
    return {
      member,
      expander,
      batchSizes: opened.batchSizes,
      centred: opened.centred,
      async run(batch) {
        const probabilities = await member.run(batch);
        return probabilities.map((probability) => 1 / (1 + Math.exp(-calibrate(calibration, logOdds(probability)))));
      },
      dispose: () => member.dispose(),
    };
  },
  isExact: (_, __, opened) => (opened as OpenCalibrated).member.exact,
  /** The model's own explanation, stretched as calibration stretches the way from base to score. */
  async explainRisk({ opened }, { calibration }, row) {
    const { base, score, contributions } = await (opened as OpenCalibrated).member.explainRisk(row);
    const [before, after] = [calibrate(calibration, base), calibrate(calibration, score)];
    const near = 1e-6;
    const stretch =
      Math.abs(score - base) > near
        ? (after - before) / (score - base)
        : (calibrate(calibration, base + near) - before) / near;
    const stretched = contributions.map((each) => ({ ...each, contribution: stretch * each.contribution }));
    return {
      base: before,
      score: stretched.reduce((sum, { contribution }) => sum + contribution, before),
      contributions: stretched,
    };
  },
  async explainInterest() {
    throw badInput('A calibrated model is one of risk: it ranks no products.');
  },
};
