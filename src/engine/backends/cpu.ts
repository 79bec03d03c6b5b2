import type { Backend, BackendDriver } from './backend.js';
import { probeByOpening } from './probe.js';
import { eagerBackend, loadTensorFlow } from './tfjs.js';

/** TensorFlow.js in plain JavaScript: slow, and present everywhere. */
async function open(): Promise<Backend> {
  const tf = await loadTensorFlow();
  await import('@tensorflow/tfjs-backend-cpu');
  return eagerBackend({ tf, name: 'cpu', device: `TensorFlow.js ${tf.version_core}, plain JavaScript` });
}

export const cpu: BackendDriver = { open, probe: () => probeByOpening('cpu', open) };
