import type { Backend } from '../../src/engine/backends/backend.js';
import type { Tools } from '../../src/engine/models/kind.js';
import { trainMember } from '../../src/engine/training/member.js';
import { trainTrees } from '../../src/engine/trees/member.js';

/** What models are made with, in this thread and without a word. */
export const quietTools = (backend: Backend): Tools => ({
  backend,
  checkpoint: () => undefined,
  onProgress: () => undefined,
  trainMembers: (tasks) => Promise.all(tasks.map((one) => trainMember(one, backend, { checkpoint: () => undefined }))),
  trainTrees: async (tasks) => tasks.map((one) => trainTrees(one, { checkpoint: () => undefined })),
});
