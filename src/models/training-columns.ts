import type { CategoricalColumn, Column } from '../engine/data/dataset.js';

const DAY_TEXT = /^\d{4}-\d{2}-\d{2}$/;
const DAY_MS = 86_400_000;
const MISSING = -1;

/**
 * One attribute of many users, growing user by user. It turns out numeric where every value is a number, a date where every value is a
 * text "YYYY-MM-DD", and categorical otherwise (numbers among texts count as texts): the kind that scoring sees is decided by the data.
 */
export class ColumnBuilder {
  private numbers = new Float64Array(1024).fill(Number.NaN);
  private texts = new Int32Array(1024).fill(MISSING);
  private readonly categories = new Map<string, number>();
  private numeric = 0;

  constructor(readonly name: string) {}

  /** @param user position of the user; users without the attribute are left out */
  set(user: number, value: number | string | null): void {
    if (value === null) return;
    this.reserve(user + 1);
    if (typeof value === 'number') {
      this.numbers[user] = value;
      this.numeric++;
      return;
    }
    const category = this.categories.get(value) ?? this.categories.size;
    this.categories.set(value, category);
    this.texts[user] = category;
  }

  /** @param order users by position, in the order of the column */
  build(order: Int32Array): Column {
    this.reserve(order.reduce((most, user) => Math.max(most, user + 1), 0));
    if (this.categories.size === 0)
      return { kind: 'numeric', name: this.name, values: Float64Array.from(order, (user) => this.numbers[user]) };
    const texts = [...this.categories.keys()];
    if (this.numeric === 0 && texts.every((text) => DAY_TEXT.test(text))) {
      const days = texts.map((text) => Date.parse(text) / DAY_MS);
      const values = Float64Array.from(order, (user) => days[this.texts[user]] ?? Number.NaN);
      return { kind: 'date', name: this.name, values };
    }
    return this.categorical(texts, order);
  }

  private categorical(texts: readonly string[], order: Int32Array): CategoricalColumn {
    const textOf = (user: number) => {
      if (this.texts[user] !== MISSING) return texts[this.texts[user]];
      return Number.isNaN(this.numbers[user]) ? undefined : String(this.numbers[user]);
    };
    const categories = [...new Set(Array.from(order, textOf))].filter((text) => text !== undefined).sort();
    const positions = new Map(categories.map((text, position) => [text, position]));
    const values = Int32Array.from(order, (user) => positions.get(textOf(user) ?? '') ?? MISSING);
    return { kind: 'categorical', name: this.name, values, categories };
  }

  private reserve(size: number): void {
    if (size <= this.numbers.length) return;
    const length = Math.max(size, 2 * this.numbers.length);
    const numbers = new Float64Array(length).fill(Number.NaN);
    const texts = new Int32Array(length).fill(MISSING);
    numbers.set(this.numbers);
    texts.set(this.texts);
    [this.numbers, this.texts] = [numbers, texts];
  }
}
