import { createRequire } from 'node:module';
import type { Backend, BackendDriver, BackendReport } from './backend.js';
import { findPackage, probeApart, unavailable } from './probe.js';
import { eagerBackend, exclusively, loadTensorFlow } from './tfjs.js';

const PACKAGE = '@tensorflow/tfjs-node-gpu';

/** Node 23 took away two helpers that tfjs-node 4.22 still calls. */
const RESTORE_UTIL = 'util.isNullOrUndefined ??= (value) => value == null; util.isArray ??= Array.isArray;';

const PROBE = `
import { createRequire } from 'node:module';
const require = createRequire(process.argv[1]);
const util = require('node:util');
${RESTORE_UTIL}
const tf = require(process.argv[1]);
const product = tf.matMul(tf.ones([2, 2]), tf.ones([2, 2])).dataSync();
if (product[0] !== 2) throw new Error('it computes 1 + 1 = ' + product[0]);
process.stdout.write('\\n' + JSON.stringify({ gpu: tf.backend().isUsingGpuDevice, version: tf.version['tfjs-node'] }));
`;

/** Looks for TensorFlow's native library and a CUDA device. */
async function probe(): Promise<BackendReport> {
  const entry = findPackage(PACKAGE);
  if (!entry)
    return unavailable(
      'tensorflow',
      `The optional package ${PACKAGE} is not installed: npm leaves it out where its binary cannot be downloaded.`,
    );
  const result = await probeApart<{ gpu: boolean; version: string }>(PROBE, entry);
  if ('failure' in result) return unavailable('tensorflow', `TensorFlow does not start here: ${result.failure}.`);
  const { gpu, version } = result.found;
  const device = `TensorFlow (tfjs-node ${version}), ${gpu ? 'CUDA' : 'CPU'}`;
  if (gpu) return { name: 'tensorflow', available: true, software: false, device };
  const reason = 'TensorFlow finds no CUDA device and would compute on the CPU, so it is used only when named.';
  return { name: 'tensorflow', available: true, software: true, device, reason };
}

/** TensorFlow.js on TensorFlow's native library, with CUDA where there is a device for it. */
async function open(): Promise<Backend> {
  const tf = await loadTensorFlow();
  const util = createRequire(import.meta.url)('node:util') as Record<string, unknown>;
  util.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
  util.isArray ??= Array.isArray;
  const onGpu = await exclusively(async () => {
    await import(PACKAGE);
    await tf.setBackend('tensorflow');
    return (tf.backend() as unknown as { isUsingGpuDevice: boolean }).isUsingGpuDevice;
  });
  return eagerBackend({
    tf,
    name: 'tensorflow',
    device: `TensorFlow (TensorFlow.js ${tf.version_core}), ${onGpu ? 'CUDA' : 'CPU'}`,
  });
}

export const tensorflow: BackendDriver = { open, probe };
