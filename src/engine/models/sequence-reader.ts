import { sequential } from '../layers/compose.js';
import { conv1d } from '../layers/conv1d.js';
import { gru } from '../layers/gru.js';
import type { Layer } from '../layers/layer.js';
import { pool } from '../layers/pool.js';

/** What reads a sequence: convolutions and pooling, or a recurrent layer. */
export const READERS = ['cnn', 'gru'] as const;
export type Reader = (typeof READERS)[number];

export interface SequencePart {
  readonly reader: Reader;
  readonly steps: number;
  /** Inputs of a step. */
  readonly channels: number;
  /** cnn: filters of each convolution. gru: width of its state, one number. */
  readonly units: readonly number[];
}

/** Positions that a filter reads. */
const KERNEL = 3;
/** Events have a mean squared length of 1, like rows. */
const FIRST = { normal: 0.1 };

/**
 * A vector from each row of (steps · channels), for a model to go on with. cnn: ReLU convolutions, of whose last each filter gives its
 * maximum, its mean and its value at the last step. gru: the state after the last step.
 */
export function sequenceReader({ reader, steps, channels, units }: SequencePart): { layer: Layer; width: number } {
  const last = units[units.length - 1];
  if (reader === 'gru')
    return { layer: gru({ name: 'sequence.gru', length: steps, inputs: channels, units: last }), width: last };
  const convolutions = units.map((filters, index) =>
    conv1d({
      name: `sequence.conv.${index}`,
      length: steps,
      inputs: index === 0 ? channels : units[index - 1],
      filters,
      kernel: KERNEL,
      activation: 'relu',
      initialiser: index === 0 ? FIRST : 'he',
    }),
  );
  return { layer: sequential([...convolutions, pool({ length: steps })]), width: 3 * last };
}
