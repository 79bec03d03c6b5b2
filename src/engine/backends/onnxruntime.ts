import type { InferenceSession } from 'onnxruntime-node';
import { trace } from '../ops/traced.js';
import type { Backend, BackendDriver, BackendOptions, Executable, GraphFunction, InputSpec } from './backend.js';
import { checkInputs } from './inputs.js';
import { probeByOpening } from './probe.js';

/** onnxruntime on the CPU. A run blocks its thread until it is done, so it belongs in a worker thread. */
async function open({ threads = 1 }: BackendOptions = {}): Promise<Backend> {
  const loaded = await import('onnxruntime-node');
  const ort = 'default' in loaded ? (loaded.default as typeof loaded) : loaded;
  const sessionOptions: InferenceSession.SessionOptions = {
    executionProviders: ['cpu'],
    graphOptimizationLevel: 'all',
    executionMode: 'sequential',
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
  };
  return {
    name: 'onnxruntime',
    device: `onnxruntime ${ort.env.versions.node}, CPU, ${threads} thread${threads === 1 ? '' : 's'}`,
    async compile(graph: GraphFunction, specs: readonly InputSpec[]): Promise<Executable> {
      const { model, inputs, outputs } = trace(graph, specs);
      const session = await ort.InferenceSession.create(model, sessionOptions);
      return {
        async run(values) {
          checkInputs(specs, values);
          const feeds = Object.fromEntries(
            inputs.map(({ name, type, shape }, index) => [name, new ort.Tensor(type, values[index], shape)]),
          );
          const results = await session.run(feeds);
          return outputs.map(({ name }) => {
            const data = results[name].data as Float32Array | Int32Array;
            return data instanceof Float32Array ? data : Float32Array.from(data);
          });
        },
        dispose: () => session.release(),
      };
    },
    async dispose() {},
  };
}

export const onnxruntime: BackendDriver = {
  open,
  probe: (options) => probeByOpening('onnxruntime', () => open(options)),
};
