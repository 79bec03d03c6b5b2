import {
  ArrayMaxSize,
  ArrayMinSize,
  IsIn,
  IsNumber,
  IsOptional,
  IsString,
  Length,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import { Field, Float, InputType, Int } from 'type-graphql';
import type { Column } from '../engine/data/dataset.js';
import { MODELS, type ModelName, type Task } from '../engine/engine.js';
import { enumOf } from '../graphql/enum.js';
import { ModelNameEnum, ModelTaskEnum } from '../models/model.type.js';
import { MODEL_TASKS } from '../models/model-version.js';
import type { NewBaseModel } from './base-models.service.js';

const COLUMN_KINDS = ['numeric', 'categorical', 'date'] as const;
export const ColumnKindEnum = enumOf<Column['kind']>('ColumnKind', 'What a column holds.', {
  numeric: 'Numbers.',
  categorical: 'Names from a list.',
  date: 'Days.',
});

@InputType({ description: "What is public of a column of users, agreed on and taken from nobody's data." })
export class ColumnDeclarationInput {
  @Field(() => String, { description: "The attribute's name." })
  @Length(1, 128)
  name: string;

  @Field(() => ColumnKindEnum, { description: 'What it holds.' })
  @IsIn(COLUMN_KINDS)
  kind: Column['kind'];

  @Field(() => Float, { nullable: true, description: 'Of NUMERIC: the smallest value that bins are made for.' })
  @IsOptional()
  @IsNumber()
  min?: number | null;

  @Field(() => Float, {
    nullable: true,
    description: 'Of NUMERIC: the largest. Without both, bins are factors of ten.',
  })
  @IsOptional()
  @IsNumber()
  max?: number | null;

  @Field(() => [Float], { nullable: true, description: 'Of NUMERIC: values with a meaning of their own, as -1.' })
  @IsOptional()
  @ArrayMaxSize(100)
  @IsNumber({}, { each: true })
  codes?: number[] | null;

  @Field(() => [String], { nullable: true, description: 'Of CATEGORICAL: all names; others are read as unknown.' })
  @IsOptional()
  @ArrayMaxSize(1000)
  @Length(1, 256, { each: true })
  categories?: string[] | null;
}

@InputType({ description: 'Columns that are one quantity at consecutive times.' })
export class SeriesDeclarationInput {
  @Field(() => String, { description: 'What it is called, unlike other series.' })
  @Length(1, 128)
  name: string;

  @Field(() => [String], {
    description: 'Declared columns, oldest first: of one kind, with the same range, codes or categories.',
  })
  @ArrayMinSize(1)
  @ArrayMaxSize(256)
  @Length(1, 128, { each: true })
  columns: string[];
}

@InputType({ description: 'A model to start a training run from.' })
export class CreateBaseModelInput {
  @Field(() => ModelTaskEnum, { description: 'What it will predict.' })
  @IsIn(MODEL_TASKS)
  task: Task;

  @Field(() => ModelNameEnum, {
    description:
      'LINEAR, LOGISTIC or DNN, and of series CNN or GRU: the others have no parameters that could be averaged.',
  })
  @IsIn(MODELS)
  model: ModelName;

  @Field(() => [ColumnDeclarationInput], { description: 'What it reads of users.' })
  @ArrayMaxSize(1000)
  @ValidateNested({ each: true })
  columns: ColumnDeclarationInput[];

  @Field(() => [SeriesDeclarationInput], {
    nullable: true,
    description: 'Of CNN and GRU, which read them step by step: all of as many columns.',
  })
  @IsOptional()
  @ArrayMaxSize(100)
  @ValidateNested({ each: true })
  series?: SeriesDeclarationInput[] | null;

  @Field(() => [String], { nullable: true, description: 'Of INTEREST: codes of the products.' })
  @IsOptional()
  @ArrayMaxSize(10_000)
  @IsString({ each: true })
  products?: string[] | null;

  @Field(() => Int, { defaultValue: 16, description: 'Bins of a numeric column, at most: 2 to 128.' })
  @Min(2)
  @Max(128)
  bins: number;
}

export const newBaseModel = ({ task, model, columns, series, products, bins }: CreateBaseModelInput): NewBaseModel => ({
  ...{ task, model, bins },
  declaration: {
    columns: columns.map(({ name, kind, min, max, codes, categories }) => ({
      ...{ name, kind },
      min: min ?? undefined,
      max: max ?? undefined,
      codes: codes ?? undefined,
      categories: categories ?? undefined,
    })),
    series: series?.map(({ name, columns }) => ({ name, columns })),
    products: products ?? [],
  },
});
