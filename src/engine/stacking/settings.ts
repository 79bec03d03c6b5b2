import { badInput } from '../../errors.js';
import type { Dataset } from '../data/dataset.js';
import { MODELS, type ModelName, type StackSettings, type Task } from '../engine.js';
import { checkNames } from '../training/settings.js';
import { MAX_PRODUCTS } from '../trees/member.js';
import { isTreeModel } from '../trees/settings.js';

/** Models of a user's features that are worth adding up, by task, the quickest first. (A scorecard is a coarser logistic regression.) */
const MEMBERS: Readonly<Record<Task, readonly ModelName[]>> = {
  risk: ['logistic', 'dnn', 'gbdt', 'random-forest'],
  interest: ['linear', 'dnn', 'gbdt', 'random-forest'],
};
const MOST = 8;

/** @throws {ConcordError} BAD_INPUT for members that are unknown, stacks themselves, or named twice, and settings of what is no member */
export function stackSettings(task: Task, dataset: Dataset, given: object): StackSettings {
  checkNames('stack', given, ['members', 'memberSettings']);
  const { members: named, memberSettings } = given as Partial<Record<keyof StackSettings, unknown>>;
  const members = named === undefined ? usualMembers(task, dataset) : checkedMembers(named);
  if (memberSettings === undefined) return { members };
  if (typeof memberSettings !== 'object' || memberSettings === null)
    throw badInput('memberSettings of a stack are settings by the name of the member.');
  checkNames('memberSettings', memberSettings, members);
  return { members, memberSettings };
}

/** Those that the data allow: trees rank no wide catalogue, and a network over events needs events. */
function usualMembers(task: Task, { ownership, sequences, series }: Dataset): readonly ModelName[] {
  const isWide = (ownership?.products.length ?? 0) > MAX_PRODUCTS;
  const hasEvents = sequences !== undefined || series !== undefined;
  return [
    ...MEMBERS[task].filter((model) => !(isWide && isTreeModel(model))),
    ...(hasEvents ? (['gru'] as const) : []),
  ];
}

function checkedMembers(members: unknown): readonly ModelName[] {
  if (!Array.isArray(members) || members.length < 2 || members.length > MOST || new Set(members).size < members.length)
    throw badInput(`members of a stack are the names of 2 to ${MOST} different models.`);
  const unknown = members.find((name) => name === 'stack' || !MODELS.some((model) => model === name));
  if (unknown !== undefined) throw badInput(`A stack cannot have the member ${unknown}.`, { name: 'members' });
  return members;
}
