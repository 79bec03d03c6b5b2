import { createInstitution, createUser, useTestDatabase } from '../support/database.js';

const db = useTestDatabase();

test('a tenant sees its own users', async () => {
  const a = await createInstitution(db.database);
  const b = await createInstitution(db.database);
  const user = await createUser(db.database, a);
  await createUser(db.database, b);
  const [rows] = await db.database.read<[{ id: string }[]]>(a, { text: 'select id from concord.users' });
  expect(rows).toEqual([{ id: user }]);
});
