import type { ExplanationMethod } from '../engine/explanations/methods.js';
import { enumOf } from '../graphql/enum.js';

export const ExplanationMethodEnum = enumOf<ExplanationMethod>(
  'ExplanationMethod',
  'How a score is taken apart into reasons. Whichever it is, base and reasons sum to the score.',
  {
    exact: 'Exactly, as the model is made: linear models of risk, scorecards, trees, and what adds them up.',
    'kernel-shap':
      'KernelSHAP: Shapley values by weighted least squares over coalitions, for any model. Takes thousands of scores.',
    lime: 'LIME: the linear model nearest to this one around the user. Takes thousands of scores.',
    'expected-gradients': 'Slopes of a network on the way from the mean to the user.',
    permutation: 'Shapley values by sampled orders, for any model. Takes hundreds of scores.',
  },
);
