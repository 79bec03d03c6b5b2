import type { ModelName, Task } from '../../engine/engine.js';

/** What is said of a task, whatever the model. */
export interface TaskText {
  readonly purpose: string;
  readonly notFor: string;
  readonly output: string;
  readonly metrics: string;
  readonly regulation: string;
}

export const TASK_TEXTS: Readonly<Record<Task, TaskText>> = {
  risk: {
    purpose:
      "Estimates the probability that a customer of an institution has the event that the institution's labels name (default on a loan, say), as one input to a decision about the customer.",
    notFor:
      'Not for decisions without a human who can change them; not for events, products or populations other than those of the training data; not for setting prices of life or health insurance.',
    output:
      'A probability between 0 and 1, a class (low, medium, high) by thresholds that the institution sets, and the contribution of each input to that very score.',
    metrics:
      'AUC, KS and PR AUC say how well users with the event are told from the others, whatever the threshold; log loss and the Brier score say whether probabilities are right, which is what thresholds and prices need. Accuracy alone would be high for a model that never expects a rare event.',
    regulation:
      'Used to evaluate the creditworthiness of natural persons or to establish their credit score, this is a high-risk AI system by Annex III, point 5(b), of Regulation (EU) 2024/1689, unless it is used to detect financial fraud.',
  },
  interest: {
    purpose:
      'Ranks financial products by how likely a customer is to take interest in them, from what the customer owns and from attributes and behaviour.',
    notFor:
      'Not for judging whether a product suits a customer: suitability is decided by rules before anything is ranked. Not for granting or refusing credit or insurance.',
    output:
      'A probability for each product, those of the products that are not owned summing to 1; products that are unsuitable are never shown, whatever their score.',
    metrics:
      'Recall within the first three and the mean reciprocal rank say whether a product that was hidden is found again near the top; their figures for the tail say whether it is found when it is not one of the few that nearly everybody owns. They tell nothing about what a customer would have bought without a recommendation.',
    regulation:
      'Recommending products is not by itself among the uses of Annex III of Regulation (EU) 2024/1689; a deployer who lets rankings decide on access to credit or insurance has to assess this anew.',
  },
};

interface KindText {
  readonly method: string;
  readonly limit: string;
}

const NETWORK_LIMIT =
  'Contributions of single inputs are estimated by sampling (Shapley values); inputs far outside of the training data are held at its edges.';
const MATRIX_LIMIT = 'It reads what users own, and no attribute: users who own nothing get what is popular.';

/** By name of the model. */
const KINDS: Readonly<Partial<Record<string, KindText>>> = {
  popularity: {
    method: 'Shares of training users: who owns each product, or has the event.',
    limit: 'It gives everybody the same answer, and serves as the floor that other models have to pass.',
  },
  linear: {
    method: 'A linear model; for interest a softmax over products.',
    limit: 'It adds inputs up: an effect that hangs on two inputs together is missed.',
  },
  logistic: {
    method: 'Logistic regression over piecewise linear inputs.',
    limit: 'It adds inputs up: an effect that hangs on two inputs together is missed.',
  },
  dnn: { method: 'The mean of several deep neural networks.', limit: NETWORK_LIMIT },
  cnn: { method: 'Convolutions over events or series, beside a deep neural network.', limit: NETWORK_LIMIT },
  gru: { method: 'A recurrent network over events or series, beside a deep neural network.', limit: NETWORK_LIMIT },
  gbdt: {
    method: 'Gradient boosted decision trees.',
    limit: 'Predictions are steps, and constant beyond the values of the training data.',
  },
  'random-forest': {
    method: 'The mean of decision trees grown on samples of users and inputs.',
    limit: 'Predictions are drawn to the middle: few are close to 0 or 1.',
  },
  scorecard: {
    method: 'Logistic regression over bins, written as points to be added up.',
    limit: 'It adds points up, and tells no two values of a bin apart.',
  },
  tabm: {
    method: 'Several deep networks that share most of their weights (Gorishniy et al. 2025).',
    limit: NETWORK_LIMIT,
  },
  stack: {
    method: 'Models of several kinds, added up with weights that were fitted to users whom they had not seen.',
    limit: 'It is as hard to read as the hardest of its members.',
  },
  'item-knn': { method: 'Nearest neighbours of products by common owners.', limit: MATRIX_LIMIT },
  'user-knn': {
    method: 'What the users who own most alike own too.',
    limit: `${MATRIX_LIMIT} It keeps rows of users: it must not leave the institution.`,
  },
  ease: { method: 'EASE, a linear autoencoder over holdings (Steck 2019).', limit: MATRIX_LIMIT },
  als: { method: 'Implicit matrix factorisation by alternating least squares (Hu et al. 2008).', limit: MATRIX_LIMIT },
  vae: { method: 'A variational autoencoder over holdings (Liang et al. 2018).', limit: MATRIX_LIMIT },
  'naive-bayes': { method: 'Naive Bayes over what is owned.', limit: MATRIX_LIMIT },
  hybrid: {
    method: 'Several recommenders, added up as a fit to validation users says.',
    limit: 'It is as hard to read as the hardest of its members.',
  },
  'two-tower': {
    method: 'Two networks, one of users and one of products, whose vectors are compared.',
    limit: NETWORK_LIMIT,
  },
  content: {
    method: 'Likeness of products by their attributes and texts.',
    limit: 'It knows what products are, and not who buys them together.',
  },
};

export const kindText = (model: ModelName): KindText =>
  KINDS[model] ?? {
    method: `The model ${model}: docs/models.md says how it works.`,
    limit: 'See docs/models.md for what it can do and what it cannot.',
  };
