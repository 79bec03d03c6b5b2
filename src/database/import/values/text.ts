/** Characters of a user's id, a product's code, an event's id. */
export const LONGEST_KEY = 200;
/** Characters of a category. */
export const LONGEST_TEXT = 500;
/** Amounts are numeric(18, 2) in the database. */
export const LARGEST_AMOUNT = 1e16;

/** @returns the text free of the chunk that it was cut from: V8 keeps a whole chunk alive for each slice of it. */
export const detached = (text: string): string => (text.length < 13 ? text : Buffer.from(text).toString());
