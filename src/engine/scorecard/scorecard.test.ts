import { interestDataset, riskDataset, rowOf } from '../../../test/support/synthetic.js';
import { toolsOf } from '../../../test/support/tools.js';
import { ConcordError } from '../../errors.js';
import type { Backend } from '../backends/backend.js';
import { openBackend } from '../backends/select.js';
import { usersInFold } from '../data/split.js';
import { encodeRows } from '../encoders/encode.js';
import type { ModelSettings } from '../engine.js';
import { logOdds } from '../explanations/shapley.js';
import { auc } from '../metrics/binary.js';
import type { FittedModel } from '../models/kind.js';
import { packWeights, unpackWeights } from '../models/kinds.js';
import { createPredictor } from '../models/predictor.js';
import type { ScorecardWeights } from '../models/weights.js';
import { readSafetensors, writeSafetensors } from '../safetensors/safetensors.js';
import { fitModel } from '../training/fit-model.js';
import { pointsOf, USUAL_SCALE } from './points.js';
import { slotOf } from './slots.js';
import { scorecardTable } from './table.js';

describe('a scorecard', () => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await openBackend('cpu');
  });
  afterAll(() => backend.dispose());

  const dataset = riskDataset({ size: 2000 });
  const trained = (settings: ModelSettings = {}) =>
    fitModel(
      {
        dataset,
        task: 'risk',
        model: 'scorecard',
        seed: 1,
        settings,
        train: usersInFold(dataset, 0),
        validation: usersInFold(dataset, 1),
      },
      toolsOf(backend),
    );
  const open = ({ contract, weights }: Pick<FittedModel, 'contract' | 'weights'>) =>
    createPredictor('risk', contract, weights, backend);

  async function probabilitiesOf(fitted: FittedModel, users: Int32Array): Promise<Float32Array> {
    const all = new Float32Array(users.length);
    await open(fitted).predict(
      fitted.encoded,
      { users, hidden: new Int32Array(users.length).fill(-1) },
      (start, _count, values) => all.set(values, start),
    );
    return all;
  }

  test('finds what there is, with coefficients that are not negative', async () => {
    const fitted = await trained();
    const test = usersInFold(dataset, 2);
    const labels = Array.from(test, (user) => dataset.label?.[user] ?? 0);
    expect(auc(labels, await probabilitiesOf(fitted, test))).toBeGreaterThan(0.7);
    const { characteristics } = fitted.weights as ScorecardWeights;
    expect(characteristics.every(({ coefficient }) => coefficient > 0)).toBe(true);
    expect(characteristics.map(({ feature }) => fitted.contract.features[feature].column)).toContain('delay');
  });

  test('gives each user the points of their attributes, which double the odds every twenty', async () => {
    const fitted = await trained();
    const { characteristics } = fitted.weights as ScorecardWeights;
    const table = scorecardTable(fitted.training);
    expect(table?.attributes).toHaveLength(characteristics.reduce((sum, { woe }) => sum + woe.length + 1, 0));
    const users = usersInFold(dataset, 2).slice(0, 50);
    const probabilities = await probabilitiesOf(fitted, users);
    users.forEach((user, place) => {
      let from = 0;
      let points = 0;
      for (const { feature, groups, woe } of characteristics) {
        const slot = slotOf(fitted.contract.features[feature], fitted.encoded.positions[feature][user]);
        const group = slot < 0 ? woe.length : groups[slot];
        points += table?.attributes[from + group].points ?? Number.NaN;
        from += woe.length + 1;
      }
      const exact = pointsOf(USUAL_SCALE, logOdds(probabilities[place]));
      expect(Math.abs(points - exact)).toBeLessThan(0.06 * characteristics.length);
    });
    expect(pointsOf(USUAL_SCALE, -Math.log(50))).toBeCloseTo(600, 9);
    expect(pointsOf(USUAL_SCALE, -Math.log(100))).toBeCloseTo(620, 9);
  });

  test('shows shares that sum to one, and rates of the training users', async () => {
    const { training } = await trained();
    const attributes = scorecardTable(training)?.attributes ?? [];
    for (const column of new Set(attributes.map(({ characteristic }) => characteristic))) {
      const own = attributes.filter(({ characteristic }) => characteristic === column);
      expect(own.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 6);
      const seen = own.filter(({ attribute }) => attribute !== 'anything else');
      for (const { points, eventRate } of seen)
        for (const other of seen) if (eventRate > other.eventRate + 0.1) expect(points).toBeLessThan(other.points);
    }
    expect(attributes.filter(({ characteristic }) => characteristic === 'delay').map((each) => each.attribute)).toEqual(
      expect.arrayContaining(['= -2', '= -1']),
    );
    expect(attributes.some(({ attribute }) => attribute === 'missing')).toBe(true);
  });

  test('explains itself exactly, against the mean of the training users', async () => {
    const fitted = await trained();
    const predictor = open(fitted);
    const train = usersInFold(dataset, 0);
    for (const user of [0, 1, 9]) {
      const why = await predictor.explainRisk(rowOf(dataset, user));
      const sum = why.contributions.reduce((total, { contribution }) => total + contribution, why.base);
      expect(sum).toBeCloseTo(why.score, 9);
      expect(why.score).toBeCloseTo(logOdds((await probabilitiesOf(fitted, Int32Array.of(user)))[0]), 5);
    }
    const odds = Array.from(await probabilitiesOf(fitted, train), logOdds);
    const { base } = await predictor.explainRisk(rowOf(dataset, 0));
    expect(odds.reduce((sum, value) => sum + value, 0) / odds.length).toBeCloseTo(base, 3);
  });

  test('keeps a shape that was declared', async () => {
    const { training } = await trained({ shapes: { income: 'rising' }, leastChiSquare: 0, leastShare: 0, l2: 1 });
    const rates = (scorecardTable(training)?.attributes ?? [])
      .filter(
        ({ characteristic, attribute }) =>
          characteristic === 'income' && !['missing', 'anything else'].includes(attribute),
      )
      .map(({ eventRate }) => eventRate);
    expect(rates).toEqual([...rates].sort((a, b) => a - b));
  });

  test('takes a value that training has not seen for neither good nor bad', async () => {
    const { contract, weights } = await trained();
    const predictor = open({ contract, weights });
    const encoded = encodeRows(contract, [{ values: { job: 'astronaut', delay: 1, income: 900 }, owned: [] }]);
    const found: number[] = [];
    await predictor.predict(encoded, { users: Int32Array.of(0), hidden: Int32Array.of(-1) }, (_s, _c, values) => {
      found.push(...values);
    });
    expect(found[0]).toBeGreaterThan(0);
    expect(found[0]).toBeLessThan(1);
  });

  test('comes back as it was stored; a damaged one is refused', async () => {
    const { contract, weights } = await trained();
    expect(unpackWeights(packWeights(weights), { task: 'risk', contract })).toEqual(weights);
    expect(() => unpackWeights(packWeights(weights), { task: 'interest', contract })).toThrow(ConcordError);
    const { tensors, metadata } = readSafetensors(packWeights(weights));
    const card = JSON.parse(metadata.scorecard);
    const [first, ...others] = card.characteristics;
    const reread = (scorecard: string) => () =>
      unpackWeights(writeSafetensors({ tensors, metadata: { ...metadata, scorecard } }), { task: 'risk', contract });
    for (const wrong of [
      null,
      { ...card, intercept: null },
      { ...card, scale: { ...card.scale, pdo: 0 } },
      { ...card, characteristics: [{ ...first, feature: 99 }, ...others] },
      { ...card, characteristics: [{ ...first, coefficient: -1 }, ...others] },
      { ...card, characteristics: [{ ...first, groups: [0] }, ...others] },
      { ...card, characteristics: [{ ...first, groups: first.groups.map(() => 99) }, ...others] },
      { ...card, characteristics: [null] },
    ])
      expect(reread(JSON.stringify(wrong))).toThrow(ConcordError);
    expect(reread('{')).toThrow(ConcordError);
  });

  test('ranks no products, and refuses settings that it does not have', async () => {
    const interest = interestDataset();
    const users = usersInFold(interest, 0);
    await expect(
      fitModel({ dataset: interest, task: 'interest', model: 'scorecard', seed: 1, train: users }, toolsOf(backend)),
    ).rejects.toMatchObject({ code: 'BAD_INPUT' });
    for (const wrong of [{ pdo: 0 }, { shapes: { income: 'wild' } }, { depth: 3 }, { bins: 1.5 }])
      await expect(trained(wrong as ModelSettings)).rejects.toMatchObject({ code: 'BAD_INPUT' });
  });
});
