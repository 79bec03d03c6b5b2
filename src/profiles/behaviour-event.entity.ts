import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';
import type { EventType } from './state.js';

@Entity({ schema: 'concord', name: 'behaviour_events' })
export class BehaviourEvent {
  @PrimaryColumn({ name: 'institution_id', type: 'uuid' })
  institutionId: string;

  /** The client's id: recording an event twice changes nothing. */
  @PrimaryColumn({ name: 'event_id', type: 'text' })
  eventId: string;

  @Column({ name: 'user_id', type: 'uuid' })
  userId: string;

  @Column({ name: 'product_id', type: 'uuid', nullable: true })
  productId: string | null;

  @Column({ type: 'text' })
  type: EventType;

  @Column({ type: 'numeric', precision: 18, scale: 2, nullable: true })
  amount: number | null;

  @Column({ name: 'duration_seconds', type: 'double precision', nullable: true })
  durationSeconds: number | null;

  /** What was searched for, or a remark. */
  @Column({ type: 'text', nullable: true })
  text: string | null;

  @Column({ name: 'occurred_at', type: 'timestamptz' })
  occurredAt: Date;

  @CreateDateColumn({ name: 'recorded_at', type: 'timestamptz' })
  recordedAt: Date;
}
