import type { Backend, BackendName } from '../backends/backend.js';
import { inputsOf } from '../encoders/contract.js';
import type { Progress } from '../engine.js';
import type { TrainMembers } from '../training/fit-model.js';
import { type MemberResult, type MemberTask, trainMember } from '../training/member.js';
import { createWorkerClient, type WorkerClient } from './client.js';
import type { CallContext } from './serve.js';
import { startWorker } from './start.js';

/** A GPU is one, and serves one thread best. */
const onGpu: ReadonlySet<BackendName> = new Set(['tensorflow', 'webgpu']);

/** Multiplications of an epoch below which a helper thread takes longer to start than to help. */
const WORTH_A_THREAD = 1e8;

function workOf({ contract, settings, train }: MemberTask): number {
  const widths = [inputsOf(contract), ...settings.hidden, Math.max(1, contract.products.length)];
  return train.length * widths.slice(1).reduce((sum, width, layer) => sum + width * widths[layer], 0);
}

export interface MemberPool {
  readonly trainMembers: TrainMembers;
  close(): Promise<void>;
}

/**
 * Trains networks in this thread (threads = 1) or in helper threads, which start when there is more than one to train at a time.
 * Each network is trained by one thread alone, so the number of threads changes no result.
 */
export function createMemberPool(
  backend: Backend,
  threads: number,
  { cancelled, checkpoint, onProgress }: CallContext,
): MemberPool {
  let helpers: WorkerClient[] = [];

  const runHere = (task: MemberTask, report: (progress: Progress) => void): Promise<MemberResult> =>
    trainMember(task, backend, { checkpoint, onEpoch: (figures) => report(epochProgress(task, figures)) });
  const runThere = (helper: WorkerClient, task: MemberTask, report: (progress: Progress) => void) =>
    helper.call<MemberResult>('member', { task, backend: backend.name }, { cancelled, onProgress: report });

  return {
    async trainMembers(tasks, { stage, from, to }) {
      const results = new Array<MemberResult>(tasks.length);
      const done = new Float64Array(tasks.length);
      let next = 0;
      const work = async (run: (task: MemberTask, report: (progress: Progress) => void) => Promise<MemberResult>) => {
        while (next < tasks.length) {
          const place = next++;
          results[place] = await run(tasks[place], ({ fraction, figures }) => {
            done[place] = fraction;
            const share = done.reduce((sum, value) => sum + value, 0) / tasks.length;
            onProgress({ stage: stageOf(stage, place, tasks.length), fraction: from + (to - from) * share, figures });
          });
          done[place] = 1;
        }
      };
      const alone = onGpu.has(backend.name) || tasks.every((task) => workOf(task) < WORTH_A_THREAD);
      const wanted = alone ? 1 : Math.min(threads, tasks.length);
      if (wanted < 2) {
        await work(runHere);
        return results;
      }
      while (helpers.length < wanted)
        helpers.push(createWorkerClient(() => startWorker('training-worker', { threads: 1 })));
      await Promise.all(
        helpers.slice(0, wanted).map((helper) => work((task, report) => runThere(helper, task, report))),
      );
      return results;
    },
    async close() {
      const ending = helpers;
      helpers = [];
      await Promise.all(ending.map((helper) => helper.close()));
    },
  };
}

const stageOf = (stage: string, place: number, tasks: number): string =>
  tasks > 1 ? `${stage}, ${place + 1} of ${tasks}` : stage;

/** How many epochs there will be is unknown before they stop helping: the share grows towards 1 and never falls. */
export function epochProgress(
  { settings, seed }: MemberTask,
  { epoch, loss, validationLoss }: { epoch: number; loss: number; validationLoss: number },
): Progress {
  const fraction = Math.min(epoch / settings.maxEpochs, 1) * 0.5 + 0.5 * (1 - 0.9 ** epoch);
  return { stage: `seed ${seed}`, fraction: Math.min(0.99, fraction), figures: { epoch, loss, validationLoss } };
}
