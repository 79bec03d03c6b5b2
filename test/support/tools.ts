import type { Backend } from '../../src/engine/backends/backend.js';
import type { Tools } from '../../src/engine/models/kind.js';
import { trainMember } from '../../src/engine/training/member.js';
import { trainTrees } from '../../src/engine/trees/member.js';

/** What models are fitted with, all in this thread. */
export const toolsOf = (backend: Backend): Tools => ({
  backend,
  checkpoint: () => undefined,
  onProgress: () => undefined,
  trainMembers: (tasks) =>
    Promise.all(tasks.map((task) => trainMember(task, backend, { checkpoint: () => undefined }))),
  trainTrees: async (tasks) => tasks.map((task) => trainTrees(task, { checkpoint: () => undefined })),
});
