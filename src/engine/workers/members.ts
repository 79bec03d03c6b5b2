import type { Backend, BackendName } from '../backends/backend.js';
import type { Progress } from '../engine.js';
import type { Trainers } from '../models/kind.js';
import { type MemberResult, type MemberTask, trainMember } from '../training/member.js';
import type { PartOfWork } from '../training/part-of-work.js';
import { type TreeResult, type TreeTask, trainTrees } from '../trees/member.js';
import { createWorkerClient, type WorkerClient } from './client.js';
import type { CallContext } from './serve.js';
import { startWorker } from './start.js';
import { treeProgress, treeWork } from './tree-work.js';

/** A GPU is one, and serves one thread best. */
const onGpu: ReadonlySet<BackendName> = new Set(['tensorflow', 'webgpu']);

/** Multiplications of an epoch below which a helper thread takes longer to start than to help. */
const WORTH_A_THREAD = 1e8;
/** Additions to histograms, likewise: of all trainings together, half a second or so. */
const TREES_WORTH_A_THREAD = 2e7;

function workOf({ architecture, train }: MemberTask): number {
  const { inputs, hidden, outputs, sequence, networks = 1 } = architecture;
  const widths = [inputs, ...hidden, outputs];
  const ofSequence = sequence ? sequence.steps * sequence.channels * sequence.units[0] : 0;
  return (
    train.length * networks * widths.slice(1).reduce((sum, width, layer) => sum + width * widths[layer], ofSequence)
  );
}

export interface MemberPool extends Trainers {
  close(): Promise<void>;
}

type Report = (progress: Progress) => void;
type Run<Task, Result> = (task: Task, report: Report) => Promise<Result>;

/** How tasks of one kind are run. */
interface Runs<Task, Result> {
  readonly here: Run<Task, Result>;
  there(helper: WorkerClient): Run<Task, Result>;
  /** No helper would be of use. */
  readonly alone: boolean;
}

/**
 * Trains networks and trees in this thread (threads = 1) or in helper threads, which start when there is more than one to train at a time.
 * Each is trained by one thread alone, so the number of threads changes no result.
 */
export function createMemberPool(
  backend: Backend,
  threads: number,
  { cancelled, checkpoint, onProgress }: CallContext,
): MemberPool {
  let helpers: WorkerClient[] = [];

  async function runAll<Task, Result>(
    tasks: readonly Task[],
    { stage, from, to }: PartOfWork,
    { here, there, alone }: Runs<Task, Result>,
  ): Promise<Result[]> {
    const results = new Array<Result>(tasks.length);
    const done = new Float64Array(tasks.length);
    let next = 0;
    const work = async (run: Run<Task, Result>) => {
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
    const wanted = alone ? 1 : Math.min(threads, tasks.length);
    if (wanted < 2) {
      await work(here);
      return results;
    }
    while (helpers.length < wanted)
      helpers.push(createWorkerClient(() => startWorker('training-worker', { threads: 1 })));
    await Promise.all(helpers.slice(0, wanted).map((helper) => work(there(helper))));
    return results;
  }

  return {
    trainMembers: (tasks, part) =>
      runAll<MemberTask, MemberResult>(tasks, part, {
        here: (task, report) =>
          trainMember(task, backend, { checkpoint, onEpoch: (figures) => report(epochProgress(task, figures)) }),
        there: (helper) => (task, report) =>
          helper.call('member', { task, backend: backend.name }, { cancelled, onProgress: report }),
        alone: onGpu.has(backend.name) || tasks.every((task) => workOf(task) < WORTH_A_THREAD),
      }),
    trainTrees: (tasks, part) =>
      runAll<TreeTask, TreeResult>(tasks, part, {
        here: async (task, report) => trainTrees(task, { checkpoint, onProgress: treeProgress(task, report) }),
        there: (helper) => (task, report) => helper.call('trees', { task }, { cancelled, onProgress: report }),
        alone: tasks.reduce((sum, task) => sum + treeWork(task), 0) < TREES_WORTH_A_THREAD,
      }),
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
