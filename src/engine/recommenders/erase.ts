import { ConcordError } from '../../errors.js';
import { subtractUsers } from './matrix/co-counts.js';
import { type SparseRows, selectRows } from './matrix/sparse.js';
import { fitCounted } from './members.js';
import type { Member, RecommenderModel, UserRows } from './model.js';
import type { MemberName } from './recommender.js';

/** Users who are to be forgotten, as they were when the model was trained. */
export interface ErasedUsers {
  readonly ids: readonly string[];
  readonly owned: SparseRows;
}

/**
 * What became of a member. exact: it is what training without the users would have made, to the last bit. none: nothing of a user is in
 * it. retrain: the users are still in it, in a way that cannot be undone.
 */
export type ErasureOutcome = 'exact' | 'none' | 'retrain';

export interface Erasure {
  readonly model: RecommenderModel;
  readonly outcomes: readonly { readonly member: MemberName; readonly outcome: ErasureOutcome }[];
}

/**
 * Takes training users out of a model: their products out of the co-ownership counts, which are sums, and what is a function of the counts
 * computed again; their rows out of user-knn. ALS and vae have to be trained again. The weights of the members, of which there are two
 * numbers each and which are learnt from validation users, stay.
 * @param erased users whom the model was trained on: for others, or with other products, the result would be wrong
 * @throws {ConcordError} CONFLICT where the model can tell that they were not
 */
export function eraseUsers(
  model: RecommenderModel,
  erased: ErasedUsers,
  checkpoint: (done: number) => void = () => undefined,
): Erasure {
  const owners = model.owners.slice();
  for (const product of erased.owned.items) owners[product]--;
  if (owners.some((count) => count < 0) || erased.owned.rows >= model.users)
    throw new ConcordError('CONFLICT', 'The model was not trained on these users with these products.');
  const counts = model.counts && subtractUsers(model.counts, erased.owned);
  const forget = (member: Member): { member: Member; outcome: ErasureOutcome } => {
    switch (member.name) {
      case 'popularity':
        return { member: { ...member, data: owners }, outcome: 'exact' };
      case 'user-knn':
        return { member: { ...member, data: withoutUsers(member.data, erased.ids) }, outcome: 'exact' };
      case 'als':
      case 'vae':
        return { member, outcome: 'retrain' };
      case 'content':
        return { member, outcome: 'none' };
      default: {
        if (!counts) throw new ConcordError('INTERNAL', `${member.name} has come without its counts.`);
        return {
          member: fitCounted({ name: member.name, settings: member.settings } as typeof member, counts, checkpoint),
          outcome: 'exact',
        };
      }
    }
  };
  const forgotten = model.members.map(({ member }) => forget(member));
  return {
    model: {
      ...model,
      users: model.users - erased.owned.rows,
      owners,
      ...(counts && { counts }),
      members: model.members.map((weighted, place) => ({ ...weighted, member: forgotten[place].member })),
    },
    outcomes: forgotten.map(({ member, outcome }) => ({ member: member.name, outcome })),
  };
}

function withoutUsers({ rows, ids }: UserRows, erased: readonly string[]): UserRows {
  const gone = new Set(erased);
  const kept = Int32Array.from(ids.keys()).filter((user) => !gone.has(ids[user]));
  if (ids.length - kept.length !== gone.size)
    throw new ConcordError('CONFLICT', 'The model was not trained on these users with these products.');
  return { rows: selectRows(rows, kept), ids: Array.from(kept, (user) => ids[user]) };
}
