import type { UserRow } from '../data/dataset.js';
import { encodeRows } from '../encoders/encode.js';
import type { Predictor } from '../models/kind.js';
import { playersOf } from './players.js';

/** The user's encoded row, and what it is made of. */
export function explained(predictor: Predictor, row: UserRow) {
  const { contract, expander, outputs, task } = predictor;
  const encoded = encodeRows(contract, [row]);
  const inputs = new Float32Array(expander.width);
  expander.write(encoded, 0, -1, inputs, 0);
  const candidates = new Float32Array(task === 'interest' ? outputs : 0).fill(1);
  if (task === 'interest') for (const product of encoded.items) candidates[product] = 0;
  return { players: playersOf(contract, expander, row, encoded.items), inputs, candidates };
}
