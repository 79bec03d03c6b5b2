import { suspectedSplit } from '../risk/market/history.js';
import { priceFiguresOf } from '../risk/market/price-figures.js';

/** What an import of files needs to know of price histories. */
export const priceRules = { figuresOf: priceFiguresOf, suspectedSplit };
