import { badInput } from '../../errors.js';
import { NETWORK_MODELS } from '../engine.js';
import type { FitRequest } from '../models/kind.js';
import { TREE_MODELS } from '../trees/settings.js';

const LEAST_USERS = 20;
/** What can let users count for more or less. */
const WEIGHTED: readonly string[] = [...NETWORK_MODELS, ...TREE_MODELS, 'stack'];

/** Says in a sentence what is missing for training. @throws {ConcordError} BAD_INPUT */
export function checkRequest({ dataset, task, model, train }: FitRequest): void {
  if (train.length < LEAST_USERS) {
    throw badInput(`Training needs at least ${LEAST_USERS} users; ${dataset.name} has ${train.length} for it.`, {
      users: train.length,
    });
  }
  if (task === 'interest') {
    if (dataset.weights) throw badInput('Weights of users are for models of risk.');
    if (!dataset.ownership)
      throw badInput(`${dataset.name} says nothing about products owned: there is no interest to learn.`);
    if (dataset.ownership.products.length < 2)
      throw badInput(`${dataset.name} has fewer than two products: there is nothing to rank.`);
    return;
  }
  const { label } = dataset;
  if (!label) throw badInput(`${dataset.name} has no label: there is no risk to learn.`);
  const events = train.reduce((sum, user) => sum + label[user], 0);
  const { weights } = dataset;
  if (weights && !WEIGHTED.includes(model))
    throw badInput(`${model} counts every user alike; weights are for ${WEIGHTED.join(', ')}.`);
  if (weights && !train.every((user) => weights[user] > 0 && Number.isFinite(weights[user])))
    throw badInput('A weight of a training user is not a number above 0.');
  if (events === 0) throw badInput(`No training user of ${dataset.name} has the event (label 1).`);
  if (events === train.length) throw badInput(`Every training user of ${dataset.name} has the event (label 1).`);
}
