import { Column, CreateDateColumn, Entity, PrimaryGeneratedColumn, UpdateDateColumn } from 'typeorm';
import type { ProductType } from './product.js';

@Entity({ schema: 'concord', name: 'products' })
export class Product {
  @PrimaryGeneratedColumn('uuid')
  id: string;

  @Column({ name: 'institution_id', type: 'uuid' })
  institutionId: string;

  /** The same code at two institutions is the same product to a model. */
  @Column({ type: 'text' })
  code: string;

  @Column({ type: 'text' })
  name: string;

  @Column({ type: 'text' })
  type: ProductType;

  /** 1 (lowest) to 5. */
  @Column({ name: 'risk_class', type: 'smallint' })
  riskClass: number;

  /** Per year: .03 is 3 %. */
  @Column({ name: 'expected_yield', type: 'double precision', nullable: true })
  expectedYield: number | null;

  /** Per year. */
  @Column({ type: 'double precision', nullable: true })
  volatility: number | null;

  @Column({ name: 'term_months', type: 'integer', nullable: true })
  termMonths: number | null;

  @Column({ name: 'minimum_amount', type: 'numeric', precision: 18, scale: 2, default: 0 })
  minimumAmount: number;

  @Column({ name: 'minimum_horizon_months', type: 'integer', default: 0 })
  minimumHorizonMonths: number;

  /** 0 none, 1 basic, 2 informed, 3 expert. */
  @Column({ name: 'required_knowledge', type: 'smallint', default: 0 })
  requiredKnowledge: number;

  /** ISO 4217. */
  @Column({ type: 'char', length: 3 })
  currency: string;

  @Column({ type: 'jsonb', default: {} })
  attributes: Record<string, number | string | null>;

  @Column({ type: 'boolean', default: true })
  active: boolean;

  /** What follows from its price history, written with it. */
  @Column({ name: 'price_figures', type: 'jsonb', nullable: true })
  priceFigures: object | null;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date;
}
