import { createHash } from 'node:crypto';
import type { RoundPlan } from '../protocol/plan.js';
import { PlanDeclined } from './ports.js';

/** What a weights file has beside its parameters: the names and shapes of tensors. */
const LONGEST_HEADER = 1 << 20;

/**
 * The base version's weights file, held once: there is room for what the plan's model needs, and for no more. Room that is not filled is
 * never touched, so it takes no memory.
 * @throws {PlanDeclined} WRONG_WEIGHTS where the file has another digest than the plan says, or is too long
 */
export async function collectWeights(
  chunks: AsyncIterable<Uint8Array>,
  { model, base }: Pick<RoundPlan, 'model' | 'base'>,
): Promise<Uint8Array> {
  const room = roomFor(model.parameters);
  const hash = createHash('sha256');
  let filled = 0;
  for await (const chunk of chunks) {
    if (filled + chunk.length > room.length)
      throw new PlanDeclined('WRONG_WEIGHTS', 'The weights are more than those of the plan.');
    hash.update(chunk);
    room.set(chunk, filled);
    filled += chunk.length;
  }
  if (hash.digest('hex') !== base.digest)
    throw new PlanDeclined('WRONG_WEIGHTS', 'The weights are not those of the plan.');
  return room.subarray(0, filled);
}

function roomFor(parameters: number): Uint8Array {
  try {
    return new Uint8Array(4 * parameters + LONGEST_HEADER);
  } catch (cause) {
    throw new PlanDeclined('WRONG_WEIGHTS', 'The model of the plan is too large for this machine.', { cause });
  }
}
