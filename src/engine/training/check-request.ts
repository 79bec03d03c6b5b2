import { badInput } from '../../errors.js';
import type { FitRequest } from '../models/kind.js';

const LEAST_USERS = 20;

/** Says in a sentence what is missing for training. @throws {ConcordError} BAD_INPUT */
export function checkRequest({ dataset, task, train }: FitRequest): void {
  if (train.length < LEAST_USERS) {
    throw badInput(`Training needs at least ${LEAST_USERS} users; ${dataset.name} has ${train.length} for it.`, {
      users: train.length,
    });
  }
  if (task === 'interest') {
    if (!dataset.ownership)
      throw badInput(`${dataset.name} says nothing about products owned: there is no interest to learn.`);
    if (dataset.ownership.products.length < 2)
      throw badInput(`${dataset.name} has fewer than two products: there is nothing to rank.`);
    return;
  }
  const { label } = dataset;
  if (!label) throw badInput(`${dataset.name} has no label: there is no risk to learn.`);
  const events = train.reduce((sum, user) => sum + label[user], 0);
  if (events === 0) throw badInput(`No training user of ${dataset.name} has the event (label 1).`);
  if (events === train.length) throw badInput(`Every training user of ${dataset.name} has the event (label 1).`);
}
