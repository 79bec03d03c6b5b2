import type { Budget } from '../../federated/privacy/ledger/budget.js';

export const ALERTS = ['none', 'warning', 'critical', 'exhausted'] as const;
/** How near its cap a budget is: from 80 %, from 95 %, nothing left. */
export type BudgetAlert = (typeof ALERTS)[number];

export interface BudgetLevel {
  readonly institutionId: string;
  readonly population: string;
  /** Spent ÷ cap, by privacy loss distributions; 0 without a cap. */
  readonly ratio: number;
  readonly alert: BudgetAlert;
  /** The entry has brought the budget nearer to its cap than it was: somebody should look. */
  readonly raised: boolean;
}

/** Whether the alert is a graver one. */
export const isRaised = (before: BudgetAlert, after: BudgetAlert): boolean =>
  ALERTS.indexOf(after) > ALERTS.indexOf(before);

const WARNING = 0.8;
const CRITICAL = 0.95;

export function alertOf({ cap, spent }: Pick<Budget, 'cap' | 'spent'>): { ratio: number; alert: BudgetAlert } {
  const ratio = cap ? spent.pld / cap.epsilon : 0;
  if (ratio >= 1) return { ratio, alert: 'exhausted' };
  return { ratio, alert: ratio >= CRITICAL ? 'critical' : ratio >= WARNING ? 'warning' : 'none' };
}
