import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Descriptor } from '../../src/database/import/descriptor.js';
import { checkDescriptor } from '../../src/database/import/read-descriptor.js';

/** Data folders for the tests of a file, removed after them. */
export function dataFolders(): { write(files: Readonly<Record<string, string | Buffer>>): string } {
  const folders: string[] = [];
  afterAll(() => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });
  return {
    /** @returns a fresh folder with these files. */
    write(files) {
      const folder = mkdtempSync(join(tmpdir(), 'concord-import-'));
      folders.push(folder);
      for (const [name, content] of Object.entries(files)) {
        mkdirSync(dirname(join(folder, name)), { recursive: true });
        writeFileSync(join(folder, name), content);
      }
      return folder;
    },
  };
}

export const descriptorOf = (value: object): Descriptor =>
  checkDescriptor({ name: 'test', task: 'interest', ...value }, 'the test');

/** A small bank: users, a catalogue, holdings and events in tables of their own, with mistakes in each. */
export const BANK_FILES = {
  'users.csv': [
    'client;sex;born;income;job;default;risk;knows;asked',
    'U1;f;1980-02-01;40000;nurse;no;Balanced;2;2026-01-05',
    'U2;m;01/03/1975;;baker;yes;Cautious;0;2026-02-01',
    'U3;f;1990-12-31;-5;;no;;1;',
    'U4;m;broken',
    'U2;m;1975-03-01;1;baker;yes;Cautious;0;2026-02-01',
    ';m;1975-03-01;1;baker;yes;Cautious;0;2026-02-01',
    'U5;m;1960-06-06;"51000";"clerk; retired";?;Bold;3;2025-12-24',
  ].join('\r\n'),
  'products.csv': [
    'isin,label,kind,risk,price0,price1',
    'P1,Fund one,MTF,2,100,121',
    'P2,Bond two,Bond,1,100,100',
    'P3,Odd,Barter,2,1,1',
  ].join('\n'),
  'holdings.csv': [
    'who,what,worth,since',
    'U1,P1,100.5,2025-01-01',
    'U1,P2,50,2025-02-01',
    'U1,P1,200,2025-03-01',
    'U2,P9,1,2025-01-01',
    'U9,P1,1,2025-01-01',
    'U5,P2,,',
    '',
  ].join('\n'),
  'events.csv': [
    'nr,who,what,sort,sum,at',
    'e1,U1,P1,BUY,100,2025-01-01T10:00:00Z',
    'e2,U1,,IN,"1,000.00",2025-01-02',
    'e2,U1,,IN,9,2025-01-02',
    'e3,U7,,IN,10,2025-01-02',
    'e4,U2,,WAT,10,2025-01-02',
    'e5,U2,,IN,10,9999-12-31',
    'e6,U2,P7,BUY,10,2025-01-03',
    'e7,"U2,,IN,10,2025-01-04',
    'e8,U5,,IN,,2025-01-05',
  ].join('\n'),
};

export const BANK = descriptorOf({
  task: 'risk',
  users: {
    file: 'users.csv',
    id: 'client',
    columns: {
      sex: { type: 'categorical', protected: true },
      born: { type: 'date', format: ['iso', 'dd/mm/yyyy'], protected: true, use: 'model' },
      income: { type: 'numeric', min: 0, missing: 'median' },
      job: 'categorical',
    },
  },
  label: { column: 'default', positive: 'yes', negative: 'no' },
  questionnaire: {
    riskTolerance: { column: 'risk', values: { Cautious: 1, Balanced: 3, Bold: 5 } },
    knowledge: 'knows',
    horizonMonths: 60,
    completedAt: 'asked',
  },
  products: {
    file: 'products.csv',
    code: 'isin',
    name: 'label',
    type: { column: 'kind', values: { MTF: 'fund', Bond: 'bond' }, default: 'barter' },
    riskClass: 'risk',
  },
  holdings: { file: 'holdings.csv', user: 'who', product: 'what', amount: 'worth', date: 'since' },
  events: {
    file: 'events.csv',
    id: 'nr',
    user: 'who',
    product: 'what',
    type: { column: 'sort', values: { BUY: 'purchase', IN: 'deposit' } },
    amount: 'sum',
    occurredAt: 'at',
  },
});
