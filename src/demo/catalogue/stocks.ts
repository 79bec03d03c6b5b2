import { type Listing, riskClassOf, sellers, type Theme } from './listing.js';

/** [ticker, company, sellers, sector, dividend and growth a year, volatility, appeal, themes, currency] */
type Stock = readonly [
  ticker: string,
  company: string,
  sellers: string,
  sector: string,
  expectedYield: number,
  volatility: number,
  appeal: number,
  themes: readonly Theme[],
  currency?: string,
];

/** Every company is invented. */
const STOCKS_SOLD: readonly Stock[] = [
  ['ORVG', 'Orvanne Grid', 'tc', 'utilities', 0.06, 0.145, 0.3, ['income', 'sustainability']],
  ['HELW', 'Helwind Turbines', 'tc', 'utilities', 0.082, 0.36, 0.2, ['sustainability']],
  ['SOLM', 'Solmera Panels', 'c', 'utilities', 0.09, 0.42, -0.3, ['sustainability', 'technology']],
  ['BRKF', 'Brackwell Foods', 'tc', 'consumer', 0.062, 0.14, 0.4, ['income']],
  ['LUND', 'Lundqvarn Retail', 'tc', 'consumer', 0.066, 0.22, 0.1, []],
  ['VERT', 'Vertanne Luxury', 'c', 'consumer', 0.078, 0.25, 0.2, []],
  ['MOKK', 'Mokkari Coffee', 't', 'consumer', 0.07, 0.24, 0.0, []],
  ['PELL', 'Pellaro Telecom', 'tc', 'communication', 0.058, 0.148, 0.2, ['income']],
  ['STRV', 'Streavo Media', 'tc', 'communication', 0.08, 0.34, 0.0, ['technology']],
  ['QUBR', 'Qubrion Semiconductors', 'tc', 'technology', 0.105, 0.38, 0.6, ['technology'], 'USD'],
  ['NIMB', 'Nimbaxa Cloud', 'tc', 'technology', 0.1, 0.33, 0.5, ['technology'], 'USD'],
  ['CYPH', 'Cyphermoor Security', 'c', 'technology', 0.098, 0.37, -0.1, ['technology'], 'USD'],
  ['DATW', 'Dataweir Analytics', 'c', 'technology', 0.095, 0.4, -0.3, ['technology'], 'USD'],
  ['KELV', 'Kelvaro Robotics', 'tc', 'industry', 0.092, 0.31, 0.1, ['technology']],
  ['GRAN', 'Granholt Engineering', 'tc', 'industry', 0.07, 0.23, 0.2, []],
  ['SELK', 'Selkavik Shipping', 'c', 'industry', 0.085, 0.35, -0.2, ['income']],
  ['AERL', 'Aerloft Airlines', 't', 'industry', 0.08, 0.39, 0.0, []],
  ['TARN', 'Tarnbrook Bank', 'tc', 'finance', 0.068, 0.24, 0.5, ['income']],
  ['VELD', 'Veldmoor Insurance', 'cv', 'finance', 0.065, 0.21, 0.3, ['income']],
  ['CAST', 'Castellane & Rowe', 'c', 'finance', 0.067, 0.22, 0.1, ['income']],
  ['MEDV', 'Medivarre Pharma', 'tc', 'health', 0.07, 0.19, 0.3, []],
  ['GENX', 'Genoxal Biotech', 'c', 'health', 0.11, 0.48, -0.2, ['technology']],
  ['HOSP', 'Clinvera Clinics', 'c', 'health', 0.066, 0.2, -0.1, []],
  ['IMMO', 'Immorane Residential', 'tc', 'property', 0.06, 0.21, 0.1, ['property', 'income']],
  ['LOGI', 'Logistava Warehouses', 'c', 'property', 0.066, 0.22, 0.0, ['property']],
  ['BETN', 'Betonvik Cement', 'c', 'materials', 0.068, 0.27, -0.3, ['property']],
  ['LITH', 'Lithoren Mining', 'c', 'materials', 0.095, 0.46, -0.3, ['technology', 'sustainability'], 'USD'],
  ['PETR', 'Petrolund Energy', 'tc', 'energy', 0.072, 0.29, 0.1, ['income']],
];

export const STOCKS: readonly Listing[] = STOCKS_SOLD.map(
  ([ticker, company, letters, sector, expectedYield, volatility, appeal, themes, currency = 'EUR']) => ({
    code: `STK-${ticker}`,
    name: `${company} Shares`,
    type: 'stock',
    riskClass: riskClassOf(volatility),
    expectedYield,
    volatility,
    termMonths: null,
    minimumAmount: 25,
    minimumHorizonMonths: 60,
    requiredKnowledge: volatility >= 0.35 ? 3 : 2,
    currency,
    attributes: { sector, ...(themes[0] && { theme: themes[0] }) },
    themes: Object.fromEntries(themes.map((theme) => [theme, 1])),
    appeal: appeal - 0.4,
    sellers: sellers(letters),
  }),
);
