import 'reflect-metadata';
import { readConfig } from './src/app/config.js';
import { migrationSource } from './src/database/migrate.js';

/** For TypeORM's own command line, on an external PostgreSQL: DATABASE_URL=… npx typeorm-ts-node-esm … -d ormconfig.ts */
export default migrationSource(readConfig().database.url ?? 'postgres://concord@localhost/concord');
