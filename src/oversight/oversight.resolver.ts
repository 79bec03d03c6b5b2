import { IsIn, IsOptional, IsString } from 'class-validator';
import {
  Arg,
  Args,
  Ctx,
  Field,
  FieldResolver,
  ID,
  InputType,
  Mutation,
  ObjectType,
  Query,
  Resolver,
  Root,
} from 'type-graphql';
import { SHIFT_LEVELS, type ShiftLevel } from '../engine/metrics/drift/stability.js';
import type { Context } from '../graphql/context.js';
import { enumOf } from '../graphql/enum.js';
import {
  type Connection,
  connectionOf,
  connectionType,
  decodeCursor,
  fromGlobalId,
  PageArgs,
  toGlobalId,
} from '../graphql/relay.js';
import { ModelVersionNode } from '../models/model.type.js';
import { cardMarkdown } from './card/markdown.js';
import type { CardService } from './card.service.js';
import type { DriftService } from './drift.service.js';
import { DriftReportType, driftReportNode } from './drift.type.js';
import type { FairnessService } from './fairness.service.js';
import { AssessFairnessInput, FairnessReportType, fairnessReport } from './fairness.type.js';
import { OversightLevelEnum } from './figures.type.js';
import { REPORT_KINDS, type ReportKind, type StoredReport } from './report.js';
import type { ReportsService } from './reports.service.js';

/** Every user of the institution is read and scored. */
const MEASURING = 5000;
/** A report is one row; a card reads several things, and composes what was released. */
const REPORT = 20;
const CARD = 500;
const INSTITUTION = "Whose users: default the token's institution. Auditors of the consortium name one.";

export const ReportKindEnum = enumOf<ReportKind>('OversightReportKind', 'What was measured.', {
  fairness: 'Decisions or recommendations by protected attribute.',
  drift: 'How far users have moved from those of training.',
});

@ObjectType('ModelCard', {
  simpleResolvers: true,
  description: 'What is known of a version, in the order of Annex IV to Regulation (EU) 2024/1689.',
})
export class ModelCardType {
  @Field(() => String, { description: 'To be read: Markdown.' })
  markdown: string;

  @Field(() => String, { description: 'To be processed: a JSON document (docs/oversight.md).' })
  json: string;
}

@ObjectType('OversightReport', { simpleResolvers: true, description: 'A report that was kept.' })
export class OversightReportType {
  @Field(() => ID, { description: 'Its id.' })
  id: string;

  @Field(() => ID, { description: 'The version that was measured.' })
  modelVersionId: string;

  @Field(() => ReportKindEnum, { description: 'What was measured.' })
  kind: ReportKind;

  @Field(() => OversightLevelEnum, { description: 'Whether somebody should look.' })
  level: ShiftLevel;

  @Field(() => Date, { description: 'When.' })
  createdAt: Date;

  @Field(() => FairnessReportType, { nullable: true, description: 'The figures, of FAIRNESS.' })
  fairness: FairnessReportType | null;

  @Field(() => DriftReportType, { nullable: true, description: 'The figures, of DRIFT.' })
  drift: DriftReportType | null;
}

export const { Connection: OversightReportConnection } = connectionType(OversightReportType, 'OversightReport');

@InputType({ description: 'Which reports; all that is given must hold.' })
export class OversightReportFilterInput {
  @Field(() => ReportKindEnum, { nullable: true, description: 'Of this kind.' })
  @IsOptional()
  @IsIn(REPORT_KINDS)
  kind?: ReportKind | null;

  @Field(() => OversightLevelEnum, { nullable: true, description: 'Of this level.' })
  @IsOptional()
  @IsIn(SHIFT_LEVELS)
  level?: ShiftLevel | null;

  @Field(() => ID, { nullable: true, description: 'Of this version.' })
  @IsOptional()
  @IsString()
  modelVersionId?: string | null;

  @Field(() => ID, { nullable: true, description: INSTITUTION })
  @IsOptional()
  @IsString()
  institutionId?: string | null;
}

const institution = (id: string | null | undefined) => (id ? fromGlobalId('Institution', id) : undefined);
const version = (id: string) => fromGlobalId('ModelVersion', id);

@Resolver()
export class OversightResolver {
  constructor(
    private readonly reports: ReportsService,
    private readonly fairness: FairnessService,
    private readonly drift: DriftService,
  ) {}

  @Query(() => OversightReportConnection, { description: 'Reports of fairness and drift, newest first.' })
  async oversightReports(
    @Args(() => PageArgs) page: PageArgs,
    @Arg('filter', () => OversightReportFilterInput, { nullable: true, description: 'Which of them.' })
    filter: OversightReportFilterInput | null,
    @Ctx() { viewer }: Context,
  ): Promise<Connection<OversightReportType>> {
    const after = page.after ? (decodeCursor(page.after, 2).map(String) as [string, string]) : undefined;
    const { kind, level, modelVersionId, institutionId } = filter ?? {};
    const which = {
      kind: kind ?? undefined,
      level: level ?? undefined,
      modelVersionId: modelVersionId ? version(modelVersionId) : undefined,
      institutionId: institution(institutionId),
    };
    const rows = await this.reports.list(viewer, which, page.first + 1, after);
    return connectionOf(
      rows,
      page,
      ({ key }) => key,
      ({ report }) => reportNode(report),
    );
  }

  @Mutation(() => FairnessReportType, {
    complexity: MEASURING,
    description: "Measures a version on your institution's users by protected attribute, and keeps the report.",
  })
  async assessFairness(
    @Arg('input', () => AssessFairnessInput, { description: 'What is measured.' }) input: AssessFairnessInput,
    @Ctx() { viewer, signal }: Context,
  ): Promise<FairnessReportType> {
    const { versionId, threshold, favourable } = input;
    const request = { versionId: version(versionId), threshold: threshold ?? undefined, favourable };
    return fairnessReport(await this.fairness.assess(viewer, request, signal));
  }

  @Mutation(() => DriftReportType, {
    complexity: MEASURING,
    description:
      "Measures how far your institution's users have moved from those whom a version was trained on, and keeps the report.",
  })
  async assessDrift(
    @Arg('versionId', () => ID, { description: 'The model version.' }) versionId: string,
    @Ctx() { viewer, signal }: Context,
  ): Promise<DriftReportType> {
    return driftReportNode(await this.drift.assess(viewer, version(versionId), signal));
  }
}

/** What is known of a version beside its metrics. */
@Resolver(() => ModelVersionNode)
export class ModelOversightResolver {
  constructor(
    private readonly reports: ReportsService,
    private readonly cards: CardService,
  ) {}

  @FieldResolver(() => FairnessReportType, {
    complexity: REPORT,
    nullable: true,
    description: 'The newest figures by protected attribute; null: it was not measured.',
  })
  async fairness(
    @Root() { id }: ModelVersionNode,
    @Arg('institutionId', () => ID, { nullable: true, description: INSTITUTION }) institutionId: string | null,
    @Ctx() { viewer }: Context,
  ): Promise<FairnessReportType | null> {
    const report = await this.reports.latest(viewer, version(id), 'fairness', institution(institutionId));
    return report ? fairnessReport(report) : null;
  }

  @FieldResolver(() => DriftReportType, {
    complexity: REPORT,
    nullable: true,
    description: 'The newest figures of drift; null: it was not measured.',
  })
  async drift(
    @Root() { id }: ModelVersionNode,
    @Arg('institutionId', () => ID, { nullable: true, description: INSTITUTION }) institutionId: string | null,
    @Ctx() { viewer }: Context,
  ): Promise<DriftReportType | null> {
    const report = await this.reports.latest(viewer, version(id), 'drift', institution(institutionId));
    return report ? driftReportNode(report) : null;
  }

  @FieldResolver(() => ModelCardType, {
    complexity: CARD,
    description: 'Its card: use, data, figures, fairness, drift and privacy spent.',
  })
  async card(
    @Root() { id }: ModelVersionNode,
    @Arg('institutionId', () => ID, { nullable: true, description: INSTITUTION }) institutionId: string | null,
    @Ctx() { viewer }: Context,
  ): Promise<ModelCardType> {
    const card = await this.cards.card(viewer, version(id), institution(institutionId));
    return Object.assign(new ModelCardType(), { markdown: cardMarkdown(card), json: JSON.stringify(card) });
  }
}

function reportNode(report: StoredReport): OversightReportType {
  const { id, modelVersionId, kind, level, createdAt } = report;
  return Object.assign(new OversightReportType(), {
    id: toGlobalId('OversightReport', id),
    modelVersionId: toGlobalId('ModelVersion', modelVersionId),
    ...{ kind, level, createdAt },
    fairness: report.kind === 'fairness' ? fairnessReport(report) : null,
    drift: report.kind === 'drift' ? driftReportNode(report) : null,
  });
}
