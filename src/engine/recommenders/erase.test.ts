import fc from 'fast-check';
import { fitRequest, fitted } from '../../../test/support/recommenders.js';
import { ConcordError } from '../../errors.js';
import { eraseUsers } from './erase.js';
import { countTogether } from './matrix/co-counts.js';
import { rowsFrom, selectRows } from './matrix/sparse.js';
import { fitMember } from './members.js';
import { openRecommender } from './predict.js';

const request = fitRequest('hybrid');
const { model } = fitted('hybrid');

/** Members as training on these users alone would make them, with the same settings. */
function retrained(users: Int32Array) {
  const owned = selectRows(request.owned, users);
  const userIds = Array.from(users, (user) => request.userIds[user]);
  const data = { ...request, owned, userIds, counts: () => countTogether(owned) };
  return model.members.map(({ member }) => fitMember(member, data, () => undefined));
}

test('what is a sum is, without some users, what training without them makes', () => {
  const some = fc.uniqueArray(fc.nat(299), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(some, (gone) => {
      const users = Int32Array.from(gone);
      const erasure = eraseUsers(model, {
        ids: gone.map((user) => request.userIds[user]),
        owned: selectRows(request.owned, users),
      });
      const rest = Int32Array.from({ length: 300 }, (_, user) => user).filter((user) => !gone.includes(user));
      const expected = retrained(rest);
      erasure.outcomes.forEach(({ member, outcome }, place) => {
        expect(outcome).toBe({ als: 'retrain', content: 'none' }[member as string] ?? 'exact');
        if (outcome === 'exact') expect(erasure.model.members[place].member.data).toEqual(expected[place].data);
      });
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

test('users whom the model does not know cannot be erased', () => {
  const owned = selectRows(request.owned, Int32Array.of(7));
  expect(() => eraseUsers(model, { ids: ['somebody'], owned })).toThrow(ConcordError);
  const everything = rowsFrom(
    Array.from({ length: 250 }, () => [0, 1, 2, 3, 4, 5]),
    12,
  );
  expect(() => eraseUsers(fitted('ease').model, { ids: [], owned: everything })).toThrow(ConcordError);
  expect(() => eraseUsers(fitted('als').model, { ids: [], owned: everything })).toThrow(ConcordError);
});
