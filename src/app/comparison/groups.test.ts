import type { Column } from '../../engine/data/dataset.js';
import { measureGroups } from './groups.js';

/** Rows 0 to 99: the even ones are of group a, the odd ones of b, but for three of c. */
const column: Column = {
  kind: 'categorical',
  name: 'sex',
  values: Int32Array.from({ length: 100 }, (_, row) => (row < 3 ? 2 : row % 2)),
  categories: ['a', 'b', 'c'],
};
const users = Int32Array.from({ length: 60 }, (_, place) => place + 40);

describe('figures of groups', () => {
  test('of risk, joined by the rows of the users', () => {
    const labels = Uint8Array.from(users, (_, place) => (place < 20 ? 1 : 0));
    const probabilities = Float32Array.from(users, (user, place) => (user % 2 ? 0.5 : place < 20 ? 0.75 : 0.25));
    const [{ attribute, groups }] = measureGroups(
      [column],
      [{ model: 'gbdt', tested: { users, labels, probabilities } }],
    );
    expect(attribute).toBe('sex');
    expect(groups).toEqual([
      {
        group: 'a',
        users: 30,
        eventRate: expect.closeTo(1 / 3, 9),
        models: { gbdt: { auc: 1, meanProbability: expect.closeTo(0.25 + 0.5 / 3, 6) } },
      },
      {
        group: 'b',
        users: 30,
        eventRate: expect.closeTo(1 / 3, 9),
        models: { gbdt: { auc: 0.5, meanProbability: 0.5 } },
      },
    ]);
  });

  test('of interest; a group that is too small is not shown by itself', () => {
    const all = Int32Array.from({ length: 100 }, (_, row) => row);
    const tested = {
      users: all,
      targets: new Int32Array(100),
      ranks: Float64Array.from(all, (row) => (row % 2 ? 4 : 1)),
      probabilities: new Float32Array(100),
      tail: new Uint8Array(100),
      topSize: 0,
      top: new Int32Array(0),
      topProbabilities: new Float32Array(0),
    };
    const [{ groups }] = measureGroups([column], [{ model: 'ease', tested }]);
    expect(groups.every(({ users: size }) => size >= 20)).toBe(true);
    expect(groups.map(({ group }) => group)).not.toContain('c');
    expect(groups[0].models.ease).toEqual(groups[0].group === 'a' ? { recall3: 1, mrr: 1 } : { recall3: 0, mrr: 0.25 });
  });
});
