import type { Attribute } from '../tables/attribute.js';
import type { MergeContext } from './merge.js';

/**
 * Keeps what the descriptor says of attributes: what people call them, and how a user can change them. Of protected attributes and dates that say nothing
 * else it is kept that they cannot be changed, unless somebody has said otherwise before. What the descriptor does not say stays.
 */
export async function mergeDescriptions(
  { manager, institutionId }: MergeContext,
  attributes: readonly Attribute[],
): Promise<void> {
  const described = attributes
    .map(({ name, spec, isProtected }) => {
      const { label, actionable } = spec;
      return {
        name,
        label: (typeof label === 'string' ? label : label?.en) ?? null,
        labelZh: (typeof label === 'string' ? null : label?.zh) ?? null,
        actionable: actionable === undefined ? null : actionable || 'no',
        implied: isProtected || spec.type === 'date' ? 'no' : null,
      };
    })
    .filter(({ label, labelZh, actionable, implied }) => label ?? labelZh ?? actionable ?? implied);
  await manager.query(
    `insert into concord.attribute_descriptions as d (institution_id, name, label, label_zh, actionable)
     select $1::uuid, i.name, coalesce(i.label, e.label), coalesce(i.label_zh, e.label_zh), coalesce(i.actionable, e.actionable, i.implied)
       from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[]) as i (name, label, label_zh, actionable, implied)
       left join concord.attribute_descriptions e on e.institution_id = $1 and e.name = i.name
      order by i.name
     on conflict (institution_id, name) do update
       set label = excluded.label, label_zh = excluded.label_zh, actionable = excluded.actionable, updated_at = now()
     where (d.label, d.label_zh, d.actionable) is distinct from (excluded.label, excluded.label_zh, excluded.actionable)`,
    [
      institutionId,
      described.map(({ name }) => name),
      described.map(({ label }) => label),
      described.map(({ labelZh }) => labelZh),
      described.map(({ actionable }) => actionable),
      described.map(({ implied }) => implied),
    ],
  );
}
