import { badInput } from '../../errors.js';
import { parseContract } from '../encoders/contract.js';
import { encodeRows } from '../encoders/encode.js';
import type { ErasedUser, Erasure, StoredModel } from '../engine.js';
import { kindOfWeights, packWeights, unpackWeights } from './kinds.js';

/**
 * Takes training users out of a stored model.
 * @throws {ConcordError} BAD_INPUT where contract or weights are malformed, or a user comes twice; CONFLICT where the model can tell that
 *   it was not trained on these users with these products
 */
export function eraseFrom(stored: StoredModel, users: readonly ErasedUser[], checkpoint: () => void): Erasure {
  const contract = parseContract(stored.contract);
  const ids = users.map(({ id }) => id);
  if (new Set(ids).size < ids.length) throw badInput('A user can be taken out of a model once.');
  const weights = unpackWeights(stored.weights, { task: stored.task, contract });
  const kind = kindOfWeights(weights);
  if (!kind.erase)
    return {
      outcome: 'retrain',
      reason: `${stored.model} has learnt its parameters from all users together: it must be trained again without them`,
    };
  const { offsets, items } = encodeRows(
    { ...contract, features: [] },
    users.map(({ owned }) => ({ values: {}, owned })),
  );
  const owned = { rows: users.length, columns: contract.products.length, offsets, items };
  const erased = kind.erase(weights, { ids, owned }, checkpoint);
  if (erased.outcome === 'retrain') return erased;
  return { outcome: erased.outcome, model: { ...stored, weights: packWeights(erased.weights) } };
}
