import type { EntityManager } from 'typeorm';
import type { Database } from '../database/database.js';
import type { AttributeDescription } from './attribute-description.js';

const COLUMNS = 'name, label, label_zh as "labelZh", actionable';

export class AttributeDescriptionsStore {
  constructor(private readonly database: Pick<Database, 'read'>) {}

  /** By name. */
  async all(institutionId: string): Promise<AttributeDescription[]> {
    const [rows] = await this.database.read<[AttributeDescription[]]>(institutionId, {
      text: `select ${COLUMNS} from concord.attribute_descriptions where institution_id = $1 order by name`,
      values: [institutionId],
    });
    return rows;
  }

  /** Writes descriptions in the place of those that are there. Names must differ. */
  async write(
    manager: EntityManager,
    institutionId: string,
    descriptions: readonly AttributeDescription[],
  ): Promise<void> {
    await manager.query(
      `insert into concord.attribute_descriptions as d (institution_id, name, label, label_zh, actionable)
       select $1, * from unnest($2::text[], $3::text[], $4::text[], $5::text[]) as i (name, label, label_zh, actionable) order by i.name
       on conflict (institution_id, name) do update
         set label = excluded.label, label_zh = excluded.label_zh, actionable = excluded.actionable, updated_at = now()
       where (d.label, d.label_zh, d.actionable) is distinct from (excluded.label, excluded.label_zh, excluded.actionable)`,
      [
        institutionId,
        descriptions.map(({ name }) => name),
        descriptions.map(({ label }) => label),
        descriptions.map(({ labelZh }) => labelZh),
        descriptions.map(({ actionable }) => actionable),
      ],
    );
  }
}
