/** What people call that which a model reads of a user's events. */
export interface EventName {
  readonly en: string;
  readonly zh: string;
}

const PREFIX = 'events:';

const NAMES: Readonly<Record<string, EventName>> = {
  type: { en: 'kind', zh: '类型' },
  amount: { en: 'amount', zh: '金额' },
  durationSeconds: { en: 'duration', zh: '时长' },
  productType: { en: 'product type', zh: '产品类型' },
  riskClass: { en: 'product risk class', zh: '产品风险等级' },
  daysBefore: { en: 'age', zh: '距今时间' },
  gapDays: { en: 'spacing', zh: '间隔' },
};

/**
 * "the amount of the latest 12 events", of the feature "events:amount".
 * @param value number of events
 * @returns undefined for a feature that is not about events
 */
export function eventName(feature: string, value: number | string | null): EventName | undefined {
  if (feature === 'events') return { en: `the number of recent events (${value})`, zh: `近期行为的数量（${value}）` };
  if (!feature.startsWith(PREFIX)) return undefined;
  const column = feature.slice(PREFIX.length);
  const { en, zh } = NAMES[column] ?? { en: column, zh: column };
  return { en: `the ${en} of the latest ${value} events`, zh: `最近 ${value} 次行为的${zh}` };
}
