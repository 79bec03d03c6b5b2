import { fitRequest, fitted, QUIET } from '../../../test/support/recommenders.js';
import { ConcordError } from '../../errors.js';
import { packRecommender } from './file/file.js';
import { type FitRequest, fitRecommender } from './fit.js';
import { rowsFrom } from './matrix/sparse.js';
import { RECOMMENDERS } from './recommender.js';

const ALONE = { owned: rowsFrom([[0], [1]], 12), hidden: Int32Array.of(0, 1) };

test.each(
  RECOMMENDERS.filter((name) => name !== 'popularity'),
)('%s finds hidden products better than popularity', async (name) => {
  const guess = await fitted('popularity');
  expect((await fitted(name)).validationLoss).toBeLessThan(guess.validationLoss - 0.1);
});

test('a hybrid does no worse on validation users than its members', async () => {
  const { model, validationLoss } = await fitted('hybrid');
  expect(model.members.map(({ member }) => member.name)).toEqual(RECOMMENDERS.filter((name) => name !== 'hybrid'));
  for (const { member } of model.members) {
    const alone = await fitted(member.name);
    expect(validationLoss).toBeLessThan(alone.validationLoss + 1e-9);
  }
});

test('a hybrid has the members that are asked for', async () => {
  const { model } = await fitted('hybrid', { members: ['ease', 'als'] });
  expect(model.members.map(({ member }) => member.name)).toEqual(['ease', 'als']);
});

test('settings are chosen by the validation users where they are not given', async () => {
  const { model, trials } = await fitted('ease', { settings: {} });
  expect(trials.length).toBeGreaterThan(1);
  const best = trials.reduce((a, b) => (b.validationLoss < a.validationLoss ? b : a));
  expect(model.members[0].member).toMatchObject(best.plan);
});

test('als is tried with few iterations and then trained in full', async () => {
  const { model, trials } = await fitted('als', { settings: {} });
  expect(trials.length).toBeGreaterThan(1);
  expect(model.members[0].member.settings).toMatchObject({ iterations: 15 });
});

test('the same request gives the same model to the bit', async () => {
  const again = packRecommender((await fitted('hybrid')).model);
  expect(packRecommender((await fitted('hybrid')).model)).toEqual(again);
});

test('progress is told from 0 to 1, and training ends where the caller gives up', async () => {
  const fractions: number[] = [];
  const request = fitRequest('hybrid');
  await fitRecommender(request, { ...QUIET, onProgress: (_, fraction) => fractions.push(fraction) });
  expect(fractions.toSorted((a, b) => a - b)).toEqual(fractions);
  expect(fractions.at(-1)).toBeLessThanOrEqual(1);
  const checkpoint = () => {
    throw new ConcordError('CANCELLED', 'enough');
  };
  for (const name of RECOMMENDERS)
    await expect(fitRecommender({ ...request, name }, { ...QUIET, checkpoint })).rejects.toThrow('enough');
});

test.each<[string, FitRequest['name'], Partial<FitRequest>, RegExp]>([
  ['nobody owns two products', 'ease', { validation: ALONE }, /two products/],
  ['nothing is known of the products', 'content', { content: undefined }, /content/],
  ['there is no backend', 'vae', { backend: undefined }, /backend/],
  ['a setting is out of range', 'ease', { settings: { ease: { regularisation: -1 } } }, /regularisation/],
  ['a setting is no whole number', 'als', { settings: { als: { factors: 1.5 } } }, /whole/],
  ['a similarity is unknown', 'item-knn', { settings: { 'item-knn': { similarity: 'x' as 'cosine' } } }, /cosine/],
])('where %s, training is refused', async (_, name, rest, reason) => {
  await expect(fitted(name, rest)).rejects.toThrow(reason);
  await expect(fitted(name, rest)).rejects.toThrow(ConcordError);
});
