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
}

const WARNING = 0.8;
const CRITICAL = 0.95;

export function alertOf({ cap, spent }: Pick<Budget, 'cap' | 'spent'>): { ratio: number; alert: BudgetAlert } {
  const ratio = cap ? spent.pld / cap.epsilon : 0;
  if (ratio >= 1) return { ratio, alert: 'exhausted' };
  return { ratio, alert: ratio >= CRITICAL ? 'critical' : ratio >= WARNING ? 'warning' : 'none' };
}
