import { ConcordError } from '../../errors.js';
import { sizeOf } from '../ops/shapes.js';
import type { InputSpec } from './backend.js';

/** Throws INTERNAL where the arrays are not those that an executable was compiled for. */
export function checkInputs(specs: readonly InputSpec[], values: readonly (Float32Array | Int32Array)[]): void {
  if (values.length !== specs.length)
    throw new ConcordError('INTERNAL', `A graph of ${specs.length} inputs was given ${values.length}.`);
  specs.forEach(({ shape, dtype }, index) => {
    const given = values[index];
    const fits = dtype === 'int32' ? given instanceof Int32Array : given instanceof Float32Array;
    if (!fits || given.length !== sizeOf(shape))
      throw new ConcordError(
        'INTERNAL',
        `Input ${index} of a graph must be ${dtype} [${shape}], but has ${given.length} values in a ${given.constructor.name}.`,
      );
  });
}
