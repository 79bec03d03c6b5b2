/** How a user can change an attribute: `no` for what cannot be changed, or must not be asked to be. */
export const ACTIONABLE = ['increase', 'decrease', 'any', 'no'] as const;
export type Actionable = (typeof ACTIONABLE)[number];

/** What an institution says of an attribute, or of a profile feature ("profile.NAME"). */
export interface AttributeDescription {
  readonly name: string;
  /** For people: "net income a month". null: the name stands for it. */
  readonly label: string | null;
  /** The same in Chinese. */
  readonly labelZh: string | null;
  /** null: not said. */
  readonly actionable: Actionable | null;
}
