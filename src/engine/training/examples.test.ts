import { createRandom } from '../layers/random.js';
import { hiddenInTurn, interestExamples, riskExamples, shuffled } from './examples.js';

const encoded = {
  size: 4,
  positions: [],
  offsets: Int32Array.of(0, 2, 3, 3, 7),
  items: Int32Array.of(0, 1, 2, 0, 1, 2, 3),
};
const everyone = Int32Array.of(0, 1, 2, 3);

describe('training rows', () => {
  test('each product is hidden in turn, and each user weighs the same', () => {
    const source = hiddenInTurn(encoded, everyone, 100);
    const { users, hidden, targets, weights } = source.epoch(createRandom(1));
    expect(source.size).toBe(7);
    const pairs = [...users].map((user, row) => `${user}:${hidden[row]}`).sort();
    expect(pairs).toEqual(['0:0', '0:1', '1:2', '3:0', '3:1', '3:2', '3:3']);
    expect([...targets]).toEqual([...hidden]);
    const perUser = [0, 0, 0, 0];
    users.forEach((user, row) => {
      perUser[user] += weights[row];
    });
    for (const user of [0, 1, 3]) expect(perUser[user]).toBeCloseTo(7 / 3, 5);
    expect(perUser[2]).toBe(0);
  });

  test('a large catalogue is sampled, so that an epoch is bounded', () => {
    const source = hiddenInTurn(encoded, everyone, 4);
    const seen = new Set<number>();
    for (let epoch = 0; epoch < 30; epoch++) {
      const rows = source.epoch(createRandom(epoch));
      expect(rows.users).toHaveLength(3);
      expect(rows.weights.reduce((a, b) => a + b, 0)).toBeCloseTo(3, 5);
      rows.users.forEach((user, row) => {
        if (user === 3) seen.add(rows.hidden[row]);
      });
    }
    expect(seen.size).toBe(4);
  });

  test('the order is decided by the seed', () => {
    const source = hiddenInTurn(encoded, everyone, 100);
    expect(source.epoch(createRandom(5))).toEqual(source.epoch(createRandom(5)));
    expect(source.epoch(createRandom(5))).not.toEqual(source.epoch(createRandom(6)));
  });

  test('rows of risk are shuffled with their labels', () => {
    const all = riskExamples(everyone, Float32Array.of(0, 1, 0, 1));
    const { users, targets } = shuffled(all, 3).epoch(createRandom(1));
    expect(users).toHaveLength(3);
    users.forEach((user, row) => {
      expect(targets[row]).toBe(user % 2);
    });
  });

  test('users with nothing hidden are no examples', () => {
    const rows = interestExamples(everyone, Int32Array.of(1, -1, -1, 2));
    expect([...rows.users]).toEqual([0, 3]);
    expect([...rows.targets]).toEqual([1, 2]);
  });
});
