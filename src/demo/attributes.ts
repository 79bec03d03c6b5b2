import type { AttributeDescription } from '../users/attribute-description.js';
import type { DemoAttributes } from './users.js';

type Described = Readonly<
  Record<
    keyof DemoAttributes,
    readonly [label: string, labelZh: string, actionable: AttributeDescription['actionable']]
  >
>;

/** What the banks of the demo say of their users' attributes. */
const DESCRIBED: Described = {
  income: ['net income a month', '月净收入', 'increase'],
  assets: ['money in accounts and securities', '账户及证券资产', 'increase'],
  employment: ['employment', '就业状况', 'any'],
  education: ['education', '教育程度', 'no'],
  household: ['household', '家庭状况', 'no'],
  housing: ['housing', '住房情况', 'no'],
  region: ['region', '地区', 'no'],
  channel: ['channel', '办理渠道', 'no'],
  customerSince: ['customer since', '开户日期', 'no'],
  creditUtilisation: ['utilisation of the credit limit', '信用额度使用率', 'decrease'],
  latePayments: ['late payments in the last year', '近一年逾期次数', 'decrease'],
  savingsRate: ['savings rate', '储蓄率', 'increase'],
};

export const DESCRIPTIONS: readonly AttributeDescription[] = Object.entries(DESCRIBED).map(
  ([name, [label, labelZh, actionable]]) => ({ name, label, labelZh, actionable }),
);
