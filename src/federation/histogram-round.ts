import type { Json } from '../../federated/canonical-json.js';
import { MOST_POPULATION } from '../../federated/privacy/dp-sgd.js';
import { chargeOf } from '../../federated/protocol/charge.js';
import type { RoundPlan, TrainingSettings } from '../../federated/protocol/plan.js';
import { parseDeclaration } from '../engine/encoders/declaration.js';
import { publicContract } from '../engine/encoders/public-contract.js';
import { type PublicDeclaration, publicGrid } from '../engine/encoders/public-grid.js';
import type { TrainedModel } from '../engine/engine.js';
import { initialParameters, toTrainedModel } from '../engine/models/federated.js';
import type { BaseModel } from './base-model.js';
import type { HistogramSettings } from './round.js';

type OfHistogram = Pick<RoundPlan, 'strategy' | 'model' | 'training' | 'mechanisms' | 'normBound'>;

/** Deviations by which an honest draw may be off. */
const DEVIATIONS = 6;

/** What a histogram round says of itself: every user counts once, with a norm of at most the grid's sensitivity. */
export function histogramPlan(
  { name }: Pick<RoundPlan['model'], 'name'>,
  { noiseMultiplier, bins, declaration }: HistogramSettings,
  { expectedUsers }: Pick<TrainingSettings, 'expectedUsers'>,
): OfHistogram {
  const { size, sensitivity } = publicGrid(declaration);
  const training: TrainingSettings = {
    ...{ clipping: { kind: 'flat', norm: 1 }, samplingRate: 1, expectedUsers, noiseMultiplier, steps: 1 },
    ...{ learningRate: 1, momentum: 0, proximal: 0 },
  };
  const noise = noiseMultiplier * (Math.sqrt(size) + DEVIATIONS);
  return {
    strategy: 'histogram',
    model: { name, contract: { declaration: declaredJson(declaration), bins }, parameters: size },
    training,
    mechanisms: chargeOf({ strategy: 'histogram', training }),
    normBound: sensitivity * (MOST_POPULATION * expectedUsers + noise),
  };
}

/** Without what is undefined: canonical JSON has no such thing. */
const declaredJson = (declaration: PublicDeclaration): Json => JSON.parse(JSON.stringify(declaration)) as Json;

/**
 * The untrained model over the contract that follows from the sum of the banks' histograms.
 * @param total sum over the banks, a value for each cell
 */
export function modelOfHistogram(
  { model: planned, training }: RoundPlan,
  { task, model }: BaseModel,
  total: Float64Array,
  banks: number,
): Pick<TrainedModel, 'task' | 'model' | 'contract' | 'weights'> {
  const { declaration, bins } = planned.contract as { declaration: unknown; bins: number };
  const grid = publicGrid(parseDeclaration(declaration));
  const deviation = training.noiseMultiplier * grid.sensitivity * Math.sqrt(banks);
  const contract = { ...publicContract(grid, total, { bins, deviation }) };
  return toTrainedModel(task, model, contract, initialParameters(model, task, contract));
}
