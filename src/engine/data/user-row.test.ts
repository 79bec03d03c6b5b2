import { interestDataset, riskDataset } from '../../../test/support/synthetic.js';
import { encodeDataset, encodeRows } from '../encoders/encode.js';
import { fitContract } from '../encoders/fit.js';
import { userRow } from './user-row.js';

test.each([
  ['risk', riskDataset()],
  ['interest', interestDataset()],
])('a user of a data set of %s, taken alone, is encoded as in it', (_, dataset) => {
  const users = Int32Array.from({ length: dataset.size }, (_, user) => user);
  const holdings = dataset.ownership ? 'owned' : 'none';
  const contract = fitContract(dataset, { users, bins: 8, encoding: 'piecewise', holdings });
  const together = encodeDataset(contract, dataset);
  for (const user of [0, 1, 9, 18]) {
    const alone = encodeRows(contract, [userRow(dataset, user)]);
    alone.positions.forEach((positions, place) => {
      expect(positions[0]).toBe(together.positions[place][user]);
    });
    expect([...alone.items]).toEqual([...together.items.subarray(together.offsets[user], together.offsets[user + 1])]);
  }
});
