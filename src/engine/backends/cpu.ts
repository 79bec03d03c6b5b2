import type { Backend } from './backend.js';
import { eagerBackend, loadTensorFlow } from './tfjs.js';

/** TensorFlow.js in plain JavaScript: slow, and present everywhere. */
export async function openCpu(): Promise<Backend> {
  const tf = await loadTensorFlow();
  await import('@tensorflow/tfjs-backend-cpu');
  return eagerBackend({ tf, name: 'cpu', device: `TensorFlow.js ${tf.version_core}, plain JavaScript` });
}
