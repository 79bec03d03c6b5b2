import fc from 'fast-check';
import { fitRequest, fitted } from '../../../test/support/recommenders.js';
import { ConcordError } from '../../errors.js';
import { eraseUsers } from './erase.js';
import { countTogether } from './matrix/co-counts.js';
import { rowsFrom, selectRows } from './matrix/sparse.js';
import { fitMember } from './members.js';
import type { RecommenderModel } from './model.js';
import { openRecommender } from './predict.js';

const request = fitRequest('hybrid');
let model: RecommenderModel;
beforeAll(async () => {
  ({ model } = await fitted('hybrid'));
});

const OTHERWISE: Readonly<Record<string, string>> = { als: 'retrain', vae: 'retrain', content: 'none' };

/** Members as training on these users alone would make them, with the same settings. */
function retrained(users: Int32Array) {
  const owned = selectRows(request.owned, users);
  const userIds = Array.from(users, (user) => request.userIds[user]);
  const data = { ...request, owned, userIds, counts: () => countTogether(owned), lossOf: () => 0 };
  const exact = model.members.filter(({ member }) => !(member.name in OTHERWISE));
  return Promise.all(exact.map(({ member }) => fitMember(member, data, () => undefined)));
}

test('what is a sum is, without some users, what training without them makes', async () => {
  const some = fc.uniqueArray(fc.nat(299), { minLength: 1, maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(some, async (gone) => {
      const users = Int32Array.from(gone);
      const erasure = eraseUsers(model, {
        ids: gone.map((user) => request.userIds[user]),
        owned: selectRows(request.owned, users),
      });
      const rest = Int32Array.from({ length: 300 }, (_, user) => user).filter((user) => !gone.includes(user));
      for (const { member, outcome } of erasure.outcomes) expect(outcome).toBe(OTHERWISE[member] ?? 'exact');
      const left = erasure.model.members.filter((_, place) => erasure.outcomes[place].outcome === 'exact');
      const expected = await retrained(rest);
      expect(left.map(({ member }) => member.data)).toEqual(expected.map(({ data }) => data));
      expect(erasure.model.users).toBe(300 - gone.length);
      expect(erasure.model.counts).toEqual(countTogether(selectRows(request.owned, rest)));
    }),
    { numRuns: 15 },
  );
});

test('the model that is left still scores', () => {
  const { model: left } = eraseUsers(model, { ids: ['ü7'], owned: selectRows(request.owned, Int32Array.of(7)) });
  const probabilities = new Float32Array(12);
  openRecommender(left).probabilities(Int32Array.of(1, 4), probabilities);
  expect(probabilities.every((value) => value > 0 && value < 1)).toBe(true);
});

test('users whom the model does not know cannot be erased', async () => {
  const owned = selectRows(request.owned, Int32Array.of(7));
  expect(() => eraseUsers(model, { ids: ['somebody'], owned })).toThrow(ConcordError);
  const everything = rowsFrom(
    Array.from({ length: 250 }, () => [0, 1, 2, 3, 4, 5]),
    12,
  );
  for (const name of ['ease', 'als'] as const) {
    const other = await fitted(name);
    expect(() => eraseUsers(other.model, { ids: [], owned: everything })).toThrow(ConcordError);
  }
});
