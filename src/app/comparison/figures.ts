import type { Task } from '../../engine/engine.js';

/** A figure as people know it. */
export interface FigureName {
  readonly name: string;
  readonly meaning: string;
  readonly isLowerBetter?: boolean;
}

/** Figures by their name in metrics: what reports call them. */
export const FIGURES: Readonly<Record<string, FigureName>> = {
  auc: { name: 'AUC', meaning: 'chance that a user with the event is ranked above one without it; .5 = by chance' },
  ks: { name: 'KS', meaning: 'greatest distance between the score distributions of users with and without the event' },
  gini: { name: 'Gini', meaning: '2 · AUC − 1' },
  pr_auc: { name: 'PR AUC', meaning: 'average precision; the event rate = by chance' },
  'f1@0.5': { name: 'F1 at .5', meaning: 'with the event predicted from a probability of .5 on' },
  'f1@val_best': { name: 'F1, chosen cut-off', meaning: 'with the cut-off that is best on validation users' },
  'acc@0.5': { name: 'accuracy', meaning: 'share predicted rightly, from a probability of .5 on' },
  precision: { name: 'precision', meaning: 'share of predicted events that happened, from .5 on' },
  recall: { name: 'recall', meaning: 'share of events that were predicted, from .5 on' },
  brier: { name: 'Brier', meaning: 'mean squared distance of probability and outcome', isLowerBetter: true },
  logloss: { name: 'log loss', meaning: 'mean of −log(probability of what happened)', isLowerBetter: true },
  mrr: { name: 'MRR', meaning: 'mean of 1 ÷ rank of the hidden product' },
  'recall@1': { name: 'recall@1', meaning: 'hidden product ranked first' },
  'recall@3': { name: 'recall@3', meaning: 'hidden product among the first 3' },
  'recall@5': { name: 'recall@5', meaning: 'hidden product among the first 5' },
  'ndcg@1': { name: 'NDCG@1', meaning: 'as recall@1' },
  'ndcg@3': { name: 'NDCG@3', meaning: 'hidden product among the first 3, discounted by rank' },
  'ndcg@5': { name: 'NDCG@5', meaning: 'hidden product among the first 5, discounted by rank' },
  tail_mrr: { name: 'tail MRR', meaning: 'MRR of users whose hidden product is not one of the few most owned' },
  'tail_recall@1': { name: 'tail recall@1', meaning: 'the same of recall@1' },
  'tail_recall@3': { name: 'tail recall@3', meaning: 'the same of recall@3' },
  'tail_ndcg@5': { name: 'tail NDCG@5', meaning: 'the same of NDCG@5' },
  'macro_recall@3': { name: 'macro recall@3', meaning: 'mean over products of recall@3: every product counts alike' },
};

/** What models are ordered by. */
export const MAIN_FIGURE: Readonly<Record<Task, string>> = { risk: 'auc', interest: 'mrr' };

/** What a first table shows. */
export const CHIEF_FIGURES: Readonly<Record<Task, readonly string[]>> = {
  risk: ['auc', 'ks', 'pr_auc', 'brier', 'logloss', 'f1@val_best'],
  interest: ['mrr', 'recall@1', 'recall@3', 'tail_mrr', 'macro_recall@3', 'logloss'],
};

export const nameOf = (figure: string): string => FIGURES[figure]?.name ?? figure;

/** Whether a is the better figure. */
export const isBetter = (figure: string, a: number, b: number): boolean =>
  FIGURES[figure]?.isLowerBetter ? a < b : a > b;
