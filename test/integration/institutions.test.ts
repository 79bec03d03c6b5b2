import { randomUUID } from 'node:crypto';
import { InstitutionsService, type NewInstitution } from '../../src/institutions/institutions.service.js';
import { createInstitution, useTestDatabase } from '../support/database.js';
import { operator, partner } from '../support/viewers.js';

const db = useTestDatabase();
let institutions: InstitutionsService;
beforeAll(() => {
  institutions = new InstitutionsService({ database: db.database });
});

const refused = (code: string) => expect.objectContaining({ code });
const values = (code: string): NewInstitution => ({
  code,
  name: 'A bank',
  kind: 'bank',
  country: 'DE',
  currency: 'EUR',
});

test('an operator adds institutions, each code once, and lists them by code', async () => {
  const codes = ['b-1', 'b-2', 'b-3'];
  for (const code of [...codes].reverse()) await institutions.create(operator(), values(code));
  await expect(institutions.create(operator(), values('b-2'))).rejects.toEqual(refused('CONFLICT'));
  const first = await institutions.list(operator(), { first: 2, after: 'b-0' });
  expect(first.map((institution) => institution.code)).toEqual(codes);
  const next = await institutions.list(operator(), { first: 1, after: 'b-2' });
  expect(next[0]).toMatchObject({ code: 'b-3', kind: 'bank', country: 'DE', currency: 'EUR' });
  expect(await institutions.one(operator(), next[0].id)).toEqual(next[0]);
});

test('a member sees itself, and of others not even that they exist', async () => {
  const [ours, other] = [await createInstitution(db.database), await createInstitution(db.database)];
  const viewer = partner(ours);
  expect((await institutions.one(viewer, ours)).id).toBe(ours);
  for (const id of [other, randomUUID()])
    await expect(institutions.one(viewer, id)).rejects.toEqual(refused('NOT_FOUND'));
  await expect(institutions.list(viewer, { first: 5 })).rejects.toEqual(refused('FORBIDDEN'));
  await expect(institutions.create(viewer, values('own-goal'))).rejects.toEqual(refused('FORBIDDEN'));
  await expect(institutions.one(undefined, ours)).rejects.toEqual(refused('UNAUTHENTICATED'));
});
