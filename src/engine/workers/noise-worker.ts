import { parentPort } from 'node:worker_threads';
import { discreteGaussian } from '../../../federated/privacy/noise/discrete-gaussian.js';
import { FULL, type NoiseJob, STOP, viewOf, WAKE } from '../training/private/noise-thread.js';

/** The thread that draws noise ahead, until the job is ended. */
parentPort?.on('message', (job: NoiseJob) => {
  const { control, states, ring } = viewOf(job);
  const source = discreteGaussian(job.sigma);
  for (let next = 0; ; next = (next + 1) % job.slots) {
    for (;;) {
      const woken = Atomics.load(control, WAKE);
      if (Atomics.load(control, STOP) === 1) return;
      if (Atomics.load(states, next) !== FULL) break;
      Atomics.wait(control, WAKE, woken);
    }
    source.fill(ring[next]);
    Atomics.store(states, next, FULL);
  }
});
