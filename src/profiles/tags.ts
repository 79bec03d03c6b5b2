/** A label on a user, with the rule that gave it as a sentence with the numbers: "12 trades in the last 13 weeks (at least 8)". */
export interface Tag {
  readonly tag: TagName;
  readonly rule: string;
}

export const TAG_NAMES = [
  'high-risk',
  'low-risk',
  'frequent-trader',
  'dormant',
  'saver',
  'high-value',
  'researcher',
  'new-customer',
  'digital',
  'declining',
] as const;
export type TagName = (typeof TAG_NAMES)[number];
