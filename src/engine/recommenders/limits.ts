/** Products for which a table of products × products is held: 400 MB, and for EASE the better part of a minute's work. */
export const MOST_DENSE_PRODUCTS = 10_000;
