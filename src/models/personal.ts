import { MAX_HEADER } from '../engine/safetensors/safetensors.js';
import { badInput, forbidden } from '../errors.js';

/** The recommender that keeps its training users' rows, alone or as a member of another model. */
const KEEPS_USERS = 'user-knn';

/**
 * Whether weights hold what single users own: then they are personal data, and never leave the institution. Every model names its members in the
 * header of its file, and nothing else is believed.
 */
export const holdsUsers = (weights: Uint8Array): boolean =>
  Buffer.from(weights.buffer, weights.byteOffset, weights.byteLength)
    .subarray(0, 8 + MAX_HEADER)
    .includes(KEEPS_USERS);

/** Before a shared version is trained. @throws {ConcordError} BAD_INPUT */
export function requireShareable(model: string): void {
  if (model === KEEPS_USERS) throw notShared();
}

export const notShared = () =>
  badInput(
    `${KEEPS_USERS} keeps its training users, whose rows never leave their institution: it cannot be shared. Train it for one institution as its own, or choose item-knn or ease.`,
  );

export const notExported = () =>
  forbidden('This model holds rows of its training users: its weights never leave the institution.');
