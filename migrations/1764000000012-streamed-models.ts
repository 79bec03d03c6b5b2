import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Bytes of a row, and of its values: 2¹⁸ float32 values. */
const CHUNK = 1_048_576;
/** Tables whose rows are rewritten here, or referred to by those: the owner must see them past row level security. */
const REWRITTEN = ['model_versions', 'model_weights', 'optimiser_states', 'rounds'];

/**
 * Weights and optimiser states in pieces of 1 MiB, so that a model of any size is written and read as a stream. A version is whole or not
 * there: it names the digest and the length of its file, and when its transaction commits, its pieces must be exactly those of a file of
 * that length. From then on neither they nor what the version says of itself can be changed, and the application cannot delete them: lineage
 * refers to them.
 */
export class StreamedModels1764000000012 implements MigrationInterface {
  readonly name = 'StreamedModels1764000000012';

  async up(runner: QueryRunner): Promise<void> {
    const run = (sql: string) => runner.query(sql);
    for (const table of REWRITTEN) await run(`alter table concord.${table} no force row level security`);

    await run('alter table concord.model_versions add digest text, add bytes bigint');
    await run(`
      update concord.model_versions v set digest = encode(sha256(w.weights), 'hex'), bytes = length(w.weights)
        from concord.model_weights w where w.model_version_id = v.id`);
    await run(`
      alter table concord.model_versions
        alter digest set not null, alter bytes set not null,
        add check (digest ~ '^[0-9a-f]{64}$'), add check (bytes > 0)`);
    await run(`comment on column concord.model_versions.digest is 'SHA-256 of the weights file'`);
    await run(`comment on column concord.model_versions.bytes is 'length of the weights file'`);

    await run('drop trigger model_weights_version on concord.model_weights');
    await run(`
      alter table concord.model_weights
        drop constraint model_weights_pkey, drop constraint model_weights_model_version_id_fkey,
        add sequence integer not null default 0 check (sequence >= 0)`);
    await run('alter table concord.model_weights add primary key (model_version_id, sequence)');
    await run(`
      insert into concord.model_weights (model_version_id, institution_id, sequence, weights)
      select w.model_version_id, w.institution_id, s, substring(w.weights from s * ${CHUNK} + 1 for ${CHUNK})
        from concord.model_weights w cross join lateral generate_series(1, (length(w.weights) - 1) / ${CHUNK}) s`);
    await run(`
      update concord.model_weights set weights = substring(weights for ${CHUNK})
        where sequence = 0 and length(weights) > ${CHUNK}`);
    await run('alter table concord.model_weights rename weights to bytes');
    // Parameters do not compress.
    await run(`
      alter table concord.model_weights
        alter sequence drop default, alter bytes set storage external, add check (length(bytes) between 1 and ${CHUNK}),
        add foreign key (model_version_id) references concord.model_versions on delete cascade deferrable initially deferred`);
    await run(
      `comment on column concord.model_weights.bytes is 'a piece of a safetensors file, 1 MiB but for the last'`,
    );
    await run(`
      create function concord.check_weights() returns trigger language plpgsql as $$
      begin
        if not exists (
          select from concord.model_versions v
          where v.id = new.model_version_id and v.institution_id is not distinct from new.institution_id
            and length(new.bytes) = least(${CHUNK}, v.bytes - new.sequence::bigint * ${CHUNK})
        ) then
          raise foreign_key_violation using
            message = 'the model version does not exist, or the piece is none of its weights',
            schema = tg_table_schema, table = tg_table_name, constraint = tg_name;
        end if;
        return null;
      end $$`);
    await run(`
      create function concord.check_version() returns trigger language plpgsql as $$
      begin
        if (select count(*) from concord.model_weights w where w.model_version_id = new.id)
           is distinct from (new.bytes + ${CHUNK - 1}) / ${CHUNK} then
          raise check_violation using
            message = 'weights of the model version are missing',
            schema = tg_table_schema, table = tg_table_name, constraint = tg_name;
        end if;
        return null;
      end $$`);
    await run(`
      create function concord.refuse_model_change() returns trigger language plpgsql as $$
      begin
        raise exception 'what a model version is made of is never changed' using errcode = '42501';
      end $$`);
    await run(`
      create constraint trigger model_weights_version after insert on concord.model_weights
        deferrable initially deferred for each row execute function concord.check_weights()`);
    await run(`
      create constraint trigger model_versions_weights after insert on concord.model_versions
        deferrable initially deferred for each row execute function concord.check_version()`);
    await run(`
      create trigger model_weights_kept before update or truncate on concord.model_weights
        for each statement execute function concord.refuse_model_change()`);
    await run(`
      create trigger model_versions_kept
        before update of id, institution_id, task, model, number, contract, training, created_at, digest, bytes
        on concord.model_versions for each row execute function concord.refuse_model_change()`);

    await run(`
      alter table concord.optimiser_states
        drop constraint optimiser_states_pkey, drop constraint optimiser_states_round_id_fkey,
        add sequence integer not null default 0 check (sequence >= 0)`);
    await run('alter table concord.optimiser_states add primary key (round_id, sequence)');
    await run(`
      insert into concord.optimiser_states (round_id, sequence, first, second)
      select o.round_id, s, substring(o.first from s * ${CHUNK} + 1 for ${CHUNK}), substring(o.second from s * ${CHUNK} + 1 for ${CHUNK})
        from concord.optimiser_states o cross join lateral generate_series(1, (length(o.first) - 1) / ${CHUNK}) s`);
    await run(`
      update concord.optimiser_states
        set first = substring(first for ${CHUNK}), second = substring(second for ${CHUNK})
        where sequence = 0 and length(first) > ${CHUNK}`);
    // Deferred: a round must not be locked while its state is written, which takes as long as its model is large.
    await run(`
      alter table concord.optimiser_states
        alter sequence drop default, alter first set storage external, alter second set storage external,
        add check (length(first) between 1 and ${CHUNK}), add check (length(second) in (0, length(first))),
        add foreign key (round_id) references concord.rounds deferrable initially deferred`);

    // What was uploaded is not kept once the round is over.
    await run('alter table concord.contributions add dropped_at timestamptz');
    await run('alter table concord.rounds add tidied_at timestamptz');
    await run(
      `create index rounds_untidy on concord.rounds (ended_at) where ended_at is not null and tidied_at is null`,
    );

    for (const table of REWRITTEN) await run(`alter table concord.${table} force row level security`);
    await run(
      grantFederation(`
        execute format('revoke update on concord.model_weights from %I', role);
        execute format('revoke delete on concord.model_versions, concord.model_weights from %I', role);
        execute format('revoke update on concord.optimiser_states from %I', role);
        execute format('grant delete on concord.optimiser_states to %I', role);`),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    const run = (sql: string) => runner.query(sql);
    await run(grantFederation());
    for (const table of REWRITTEN) await run(`alter table concord.${table} no force row level security`);
    await run('drop index concord.rounds_untidy');
    await run('alter table concord.rounds drop tidied_at');
    await run('alter table concord.contributions drop dropped_at');

    await run(`
      create table concord.whole_states as
        select round_id, string_agg(first, '' order by sequence) as first, string_agg(second, '' order by sequence) as second
          from concord.optimiser_states group by round_id`);
    await run('delete from concord.optimiser_states');
    await run(`
      alter table concord.optimiser_states
        drop constraint optimiser_states_round_id_fkey, drop constraint optimiser_states_first_check,
        drop constraint optimiser_states_check, alter first set storage extended, alter second set storage extended, drop sequence`);
    await run(`
      alter table concord.optimiser_states
        add primary key (round_id), add foreign key (round_id) references concord.rounds`);
    await run('insert into concord.optimiser_states (round_id, first, second) select * from concord.whole_states');
    await run('drop table concord.whole_states');

    await run('drop trigger model_versions_kept on concord.model_versions');
    await run('drop trigger model_weights_kept on concord.model_weights');
    await run('drop trigger model_versions_weights on concord.model_versions');
    await run('drop trigger model_weights_version on concord.model_weights');
    for (const name of ['refuse_model_change', 'check_version', 'check_weights'])
      await run(`drop function concord.${name}()`);
    await run(`
      create table concord.whole_weights as
        select model_version_id, institution_id, string_agg(bytes, '' order by sequence) as weights
          from concord.model_weights group by model_version_id, institution_id`);
    await run('delete from concord.model_weights');
    await run(`
      alter table concord.model_weights
        drop constraint model_weights_model_version_id_fkey, drop constraint model_weights_bytes_check, drop sequence`);
    await run('alter table concord.model_weights rename bytes to weights');
    await run(`
      alter table concord.model_weights alter weights set storage extended, add primary key (model_version_id),
        add foreign key (model_version_id) references concord.model_versions on delete cascade`);
    await run(`comment on column concord.model_weights.weights is 'safetensors'`);
    await run(`
      insert into concord.model_weights (model_version_id, institution_id, weights)
      select * from concord.whole_weights`);
    await run('drop table concord.whole_weights');
    await run(`
      create trigger model_weights_version after insert or update on concord.model_weights
        for each row execute function concord.check_model_version()`);
    await run('alter table concord.model_versions drop digest, drop bytes');
    for (const table of REWRITTEN) await run(`alter table concord.${table} force row level security`);
  }
}

/** What 1764000000011 says, and more. */
const grantFederation = (more = '') => `
      create or replace function concord.grant_federation(role name) returns void language plpgsql as $$
      begin
        execute format('grant select, insert, update on concord.nodes, concord.node_keys, concord.training_runs, concord.rounds,
          concord.optimiser_states, concord.contributions to %I', role);
        execute format('grant select, insert, delete on concord.update_chunks to %I', role);
        execute format('grant select, insert on concord.refusals to %I', role);${more}
      end $$`;
