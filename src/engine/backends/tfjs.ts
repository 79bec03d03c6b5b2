import type * as tensorflow from '@tensorflow/tfjs-core';
import { createEagerOps, type TensorFlow } from '../ops/eager.js';
import type { Tensor } from '../ops/ops.js';
import type { Backend, BackendName, Executable, GraphFunction, InputSpec } from './backend.js';
import { checkInputs } from './inputs.js';

/** TensorFlow.js without its advertisement for other backends on the console. */
export async function loadTensorFlow(): Promise<TensorFlow> {
  const loaded = await import('@tensorflow/tfjs-core');
  const tf: TensorFlow = 'default' in loaded ? (loaded.default as TensorFlow) : loaded;
  tf.enableProdMode();
  return tf;
}

interface EagerBackend {
  readonly tf: TensorFlow;
  /** The backend under our name and, where it differs, under TensorFlow.js'. */
  readonly name: BackendName;
  readonly device: string;
  dispose?(): Promise<void>;
}

let turn: Promise<unknown> = Promise.resolve();

/**
 * TensorFlow.js has one current backend a thread, and changes it asynchronously: whoever changes it, and relies on it,
 * takes turns here. So executables of several backends may live side by side in one thread.
 */
export function exclusively<T>(work: () => Promise<T>): Promise<T> {
  const result = turn.then(work);
  // A failure is its caller's; the next turn comes all the same.
  turn = result.catch(() => undefined);
  return result;
}

/** A backend of TensorFlow.js: every run calls the function anew, and frees what it made. */
export function eagerBackend({ tf, name, device, dispose }: EagerBackend): Backend {
  const ops = createEagerOps(tf, { plainProducts: name === 'wasm', lazyCasts: name === 'webgpu' });
  return {
    name,
    device,
    async compile(graph: GraphFunction, inputs: readonly InputSpec[]): Promise<Executable> {
      return {
        async run(values) {
          checkInputs(inputs, values);
          const outputs = await exclusively(async () => {
            if (tf.getBackend() !== name) await tf.setBackend(name);
            return tf.tidy(() => {
              const tensors = inputs.map(({ shape, dtype }, index) => tf.tensor(values[index], [...shape], dtype));
              // Clones share their values: they let a function return an input, or one tensor twice.
              return graph(ops, tensors as Tensor[]).map((output) => tf.clone(output as tensorflow.Tensor));
            });
          });
          try {
            return await Promise.all(outputs.map(async (output) => Float32Array.from(await output.data())));
          } finally {
            tf.dispose(outputs);
          }
        },
        async dispose() {},
      };
    },
    dispose: async () => dispose?.(),
  };
}
