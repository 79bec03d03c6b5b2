import { fitted } from '../../../../test/support/recommenders.js';
import { ConcordError } from '../../../errors.js';
import { readSafetensors, type TensorFile, writeSafetensors } from '../../safetensors/safetensors.js';
import type { RecommenderModel } from '../model.js';
import { RECOMMENDERS } from '../recommender.js';
import { packRecommender, unpackRecommender } from './file.js';

const models = {} as Record<string, RecommenderModel>;
beforeAll(async () => {
  for (const name of RECOMMENDERS) models[name] = (await fitted(name)).model;
});

test.each(RECOMMENDERS)('%s comes back from its file as it was', (name) => {
  expect(unpackRecommender(packRecommender(models[name]), 12)).toEqual(models[name]);
});

const changed = (name: string, change: (file: TensorFile) => TensorFile) => () =>
  unpackRecommender(writeSafetensors(change(readSafetensors(packRecommender(models[name])))), 12);

const withTensor = (tensor: string, change: (values: Float32Array) => void) => (file: TensorFile) => {
  const found = file.tensors.find(({ name }) => name === tensor);
  if (!found) throw new Error(`no tensor ${tensor}`);
  change(found.values);
  return file;
};
const withMembers = (change: (members: Record<string, unknown>[]) => void) => (file: TensorFile) => {
  const members = JSON.parse(file.metadata.members);
  change(members);
  return { ...file, metadata: { ...file.metadata, members: JSON.stringify(members) } };
};
const put = (place: number, value: number) => (values: Float32Array) => {
  values[place] = value;
};

test('an unchanged file passes', () => {
  expect(changed('hybrid', (file) => file)).not.toThrow();
});

test.each<[string, () => unknown]>([
  ['of another number of products', () => unpackRecommender(packRecommender(models.ease), 11)],
  ['of another kind', changed('ease', (file) => ({ ...file, metadata: { ...file.metadata, kind: 'network' } }))],
  ['of another name', changed('ease', (file) => ({ ...file, metadata: { ...file.metadata, name: 'als' } }))],
  ['without users', changed('ease', (file) => ({ ...file, metadata: { ...file.metadata, users: '-3' } }))],
  ['without a tensor', changed('ease', (file) => ({ ...file, tensors: file.tensors.slice(1) }))],
  [
    'with a tensor too many',
    changed('als', (file) => ({
      ...file,
      tensors: [...file.tensors, { name: 'x', shape: [0], values: new Float32Array(0) }],
    })),
  ],
  ['with a weight that is no number', changed('ease', withTensor('member.0.weights', put(3, Number.NaN)))],
  ['with a fraction for a count', changed('ease', withTensor('counts.values', put(0, 1.5)))],
  ['with a count beyond the users', changed('ease', withTensor('counts.values', put(0, 301)))],
  ['with a count of nothing', changed('ease', withTensor('counts.values', put(0, 0)))],
  [
    'with counts below the diagonal',
    changed(
      'ease',
      withTensor('counts.items', (items) => items.fill(0, items.length - 1)),
    ),
  ],
  ['with owners beyond the users', changed('popularity', withTensor('owners', put(0, 1e6)))],
  ['with a product that is none', changed('user-knn', withTensor('member.0.rows.items', put(0, 12)))],
  [
    'with a row that does not ascend',
    changed(
      'user-knn',
      withTensor('member.0.rows.items', (items) => items.reverse()),
    ),
  ],
  ['with a row that is too long', changed('user-knn', withTensor('member.0.rows.lengths', put(0, 13)))],
  ['with lengths that do not add up', changed('user-knn', withTensor('member.0.rows.lengths', put(0, 12)))],
  ['with ids that are no text', changed('user-knn', withTensor('member.0.ids', put(0, 0)))],
  [
    'with buckets that do not ascend',
    changed(
      'content',
      withTensor('member.0.buckets', (buckets) => buckets.reverse()),
    ),
  ],
  [
    'with settings out of range',
    changed(
      'ease',
      withMembers(([ease]) => Object.assign(ease, { settings: { regularisation: -1 } })),
    ),
  ],
  [
    'with other settings',
    changed(
      'als',
      withMembers(([als]) => Object.assign(als, { settings: { factors: 3 } })),
    ),
  ],
  [
    'with settings that it has not',
    changed(
      'als',
      withMembers(([als]) => Object.assign(als, { settings: { depth: 3 } })),
    ),
  ],
  [
    'with a weight that is no number in the header',
    changed(
      'als',
      withMembers(([als]) => Object.assign(als, { weight: 'x' })),
    ),
  ],
  [
    'with a member that is none',
    changed(
      'hybrid',
      withMembers((members) => members.splice(0, 1, { name: 'hybrid' })),
    ),
  ],
  [
    'without members',
    changed(
      'hybrid',
      withMembers((members) => members.splice(0)),
    ),
  ],
  [
    'with attributes that are malformed',
    changed(
      'content',
      withMembers(([content]) =>
        Object.assign(content, {
          encoder: { products: 12, vectorWidth: 0, attributes: [{ name: 'a', kind: 'number', knots: [2, 1] }] },
        }),
      ),
    ),
  ],
  [
    'with members that are no JSON',
    changed('als', (file) => ({ ...file, metadata: { ...file.metadata, members: '[' } })),
  ],
])('a file %s is refused', (_, attempt) => {
  expect(attempt).toThrow(ConcordError);
});
