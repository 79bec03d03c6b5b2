/** How a score is taken apart. docs/explanations.md says which is for what. */
export const EXPLANATION_METHODS = ['exact', 'kernel-shap', 'lime', 'expected-gradients', 'permutation'] as const;
export type ExplanationMethod = (typeof EXPLANATION_METHODS)[number];
