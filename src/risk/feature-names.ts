import { readableName } from '../models/reasons.js';
import type { AttributeDescription } from '../users/attribute-description.js';

/** What people call an input of a model. */
export interface FeatureName {
  readonly en: string;
  readonly zh: string;
}

/** Terms of the formulas of docs/risk.md. */
const TERMS: Readonly<Record<string, FeatureName>> = {
  expectedYield: { en: 'expected yield', zh: '预期收益率' },
  volatility: { en: 'volatility', zh: '波动率' },
  riskClass: { en: 'risk class', zh: '风险等级' },
  holdingYears: { en: 'holding period in years', zh: '持有年限' },
  termYears: { en: 'term in years', zh: '期限（年）' },
  riskTolerance: { en: 'risk tolerance', zh: '风险承受能力' },
  horizon: { en: 'horizon in months', zh: '投资期限（月）' },
  knowledge: { en: 'knowledge of products', zh: '产品知识水平' },
  amount: { en: 'share of the investable amount', zh: '占可投资金额的比例' },
  userRisk: { en: "the user's own risk rate", zh: '客户自身的风险' },
  productRisk: { en: "the product's own risk rate", zh: '产品自身的风险' },
};

/** Of the terms of a formula; of anything else the readable name. */
export const termName = (term: string): FeatureName => TERMS[term] ?? { en: readableName(term), zh: term };

/** Of attributes by what the institution says of them, else by their own names. */
export function featureNames(descriptions: readonly AttributeDescription[]): (feature: string) => FeatureName {
  const described = new Map(descriptions.map((description) => [description.name, description]));
  return (feature) => {
    const { label, labelZh } = described.get(feature) ?? { label: null, labelZh: null };
    const en = label ?? readableName(feature);
    return { en, zh: labelZh ?? label ?? feature };
  };
}
