import { fitRequest, fitted, QUIET } from '../../../test/support/recommenders.js';
import { ConcordError } from '../../errors.js';
import { packRecommender } from './file/file.js';
import { fitRecommender } from './fit.js';
import { rowsFrom } from './matrix/sparse.js';
import { RECOMMENDERS } from './recommender.js';

const guess = fitted('popularity').validationLoss;

test.each(
  RECOMMENDERS.filter((name) => name !== 'popularity'),
)('%s finds hidden products better than popularity', (name) => {
  expect(fitted(name).validationLoss).toBeLessThan(guess - 0.1);
});

test('a hybrid does no worse on validation users than its members', () => {
  const { model, validationLoss } = fitted('hybrid');
  expect(model.members.map(({ member }) => member.name)).toEqual(
    RECOMMENDERS.filter((name) => name !== 'hybrid').sort((a, b) => ORDER.indexOf(a) - ORDER.indexOf(b)),
  );
  for (const { member } of model.members)
    expect(validationLoss).toBeLessThan(fitted(member.name).validationLoss + 1e-9);
});
const ORDER = ['popularity', 'item-knn', 'user-knn', 'ease', 'naive-bayes', 'als', 'content'];

test('a hybrid has the members that are asked for', () => {
  const { model } = fitted('hybrid', { members: ['ease', 'als'] });
  expect(model.members.map(({ member }) => member.name)).toEqual(['ease', 'als']);
});

test('settings are chosen by the validation users where they are not given', () => {
  const { model, trials } = fitted('ease', { settings: {} });
  expect(trials.length).toBeGreaterThan(1);
  const best = trials.reduce((a, b) => (b.validationLoss < a.validationLoss ? b : a));
  expect(model.members[0].member).toMatchObject(best.plan);
});

test('als is tried with few iterations and then trained in full', () => {
  const { model, trials } = fitted('als', { settings: {} });
  expect(trials.length).toBeGreaterThan(1);
  expect(model.members[0].member.settings).toMatchObject({ iterations: 15 });
});

test('the same request gives the same model to the bit', () => {
  expect(packRecommender(fitted('hybrid').model)).toEqual(packRecommender(fitted('hybrid').model));
});

test('progress is told from 0 to 1, and training ends where the caller gives up', () => {
  const fractions: number[] = [];
  const request = fitRequest('hybrid');
  fitRecommender(request, { ...QUIET, onProgress: (_, fraction) => fractions.push(fraction) });
  expect(fractions.toSorted((a, b) => a - b)).toEqual(fractions);
  expect(fractions.at(-1)).toBeLessThanOrEqual(1);
  const checkpoint = () => {
    throw new ConcordError('CANCELLED', 'enough');
  };
  for (const name of RECOMMENDERS)
    expect(() => fitRecommender({ ...request, name }, { ...QUIET, checkpoint })).toThrow('enough');
});

test('what cannot be learnt from is refused', () => {
  const owned = rowsFrom([[0], [1]], 12);
  expect(() => fitted('ease', { validation: { owned, hidden: Int32Array.of(0, 1) } })).toThrow(ConcordError);
  expect(() => fitted('content', { content: undefined })).toThrow(ConcordError);
  expect(() => fitted('ease', { settings: { ease: { regularisation: -1 } } })).toThrow(/regularisation/);
  expect(() => fitted('als', { settings: { als: { factors: 1.5 } } })).toThrow(/whole/);
  expect(() => fitted('item-knn', { settings: { 'item-knn': { similarity: 'jaccard' as 'cosine' } } })).toThrow(
    /cosine/,
  );
});
