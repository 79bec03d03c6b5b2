import type { MigrationInterface, QueryRunner } from 'typeorm';

const TABLES = ['ledger_entries', 'ledger_checkpoints'];

/**
 * Ledgers of privacy budgets. They only grow: the application may read and insert, and triggers refuse everything else to anyone, the owner
 * included. An entry must follow the last one, in number and in hash.
 */
export class Ledger1764000000010 implements MigrationInterface {
  readonly name = 'Ledger1764000000010';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table concord.ledger_entries (
        institution_id uuid not null references concord.institutions,
        sequence integer not null check (sequence > 0),
        record jsonb not null,
        spent jsonb not null,
        previous text not null check (previous ~ '^[0-9a-f]{64}$'),
        hash text not null check (hash ~ '^[0-9a-f]{64}$'),
        primary key (institution_id, sequence)
      )`);
    await runner.query(`
      create table concord.ledger_checkpoints (
        institution_id uuid not null references concord.institutions,
        size integer not null,
        root text not null check (root ~ '^[0-9a-f]{64}$'),
        head text not null check (head ~ '^[0-9a-f]{64}$'),
        at text not null,
        key text not null,
        public_key text not null,
        signature text not null,
        primary key (institution_id, size),
        foreign key (institution_id, size) references concord.ledger_entries (institution_id, sequence)
      )`);
    await runner.query(`
      create function concord.follow_ledger() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
      declare
        last concord.ledger_entries;
      begin
        select * into last from concord.ledger_entries e
          where e.institution_id = new.institution_id order by e.sequence desc limit 1;
        if new.sequence <= last.sequence then
          raise exception 'entry % is there already', new.sequence using errcode = '40001';
        end if;
        if new.sequence <> coalesce(last.sequence, 0) + 1 or new.previous <> coalesce(last.hash, repeat('0', 64)) then
          raise exception 'entry % does not follow the last one', new.sequence using errcode = '23514';
        end if;
        return new;
      end $$`);
    await runner.query(`
      create function concord.refuse_change() returns trigger language plpgsql as $$
      begin
        raise exception 'rows of % are never changed and never deleted', tg_table_name using errcode = '42501';
      end $$`);
    await runner.query(`
      create trigger follow_ledger before insert on concord.ledger_entries
        for each row execute function concord.follow_ledger()`);
    for (const table of TABLES) {
      await runner.query(`
        create trigger append_only before update or delete or truncate on concord.${table}
          for each statement execute function concord.refuse_change()`);
      await runner.query(`alter table concord.${table} enable row level security, force row level security`);
      await runner.query(`
        create policy own_rows on concord.${table}
          using (institution_id = (select concord.current_institution()))`);
    }
    // A function of its own, so that tables to come need not repeat these grants.
    await runner.query(`
      create function concord.grant_ledger(role name) returns void language plpgsql as $$
      begin
        execute format('revoke all on concord.ledger_entries, concord.ledger_checkpoints from %I', role);
        execute format('grant select, insert on concord.ledger_entries, concord.ledger_checkpoints to %I', role);
      end $$`);
    await runner.query('revoke all on function concord.grant_ledger(name) from public');
    await runner.query(
      grantApplication(`
        perform concord.grant_ledger(role);`),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(grantApplication());
    await runner.query('drop function concord.grant_ledger(name)');
    for (const table of TABLES.toReversed()) await runner.query(`drop table concord.${table}`);
    await runner.query('drop function concord.follow_ledger()');
    await runner.query('drop function concord.refuse_change()');
  }
}

/** What 1764000000009 says, and more. */
const grantApplication = (more = '') => `
      create or replace function concord.grant_application(role name) returns void language plpgsql as $$
      begin
        execute format('grant usage on schema concord, concord_meta to %I', role);
        execute format('grant select on concord_meta.migrations to %I', role);
        execute format('grant select, insert, update, delete on
          concord.institutions, concord.users, concord.questionnaires, concord.profiles,
          concord.products, concord.holdings, concord.behaviour_events,
          concord.model_versions, concord.model_weights,
          concord.risk_assessments, concord.recommendations, concord.feedback, concord.imports to %I', role);
        execute format('grant connect, temporary on database %I to %I', current_database(), role);
        execute format('grant execute on function concord.refresh_statistics() to %I', role);${more}
      end $$`;
