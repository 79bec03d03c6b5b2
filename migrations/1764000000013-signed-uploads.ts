import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a node has signed when it declared its upload: evidence where it declares other bytes later. */
export class SignedUploads1764000000013 implements MigrationInterface {
  readonly name = 'SignedUploads1764000000013';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter table concord.contributions add begin_statement jsonb, add begin_signature text');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table concord.contributions drop begin_statement, drop begin_signature');
  }
}
