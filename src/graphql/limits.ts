import {
  type ASTVisitor,
  type DocumentNode,
  GraphQLError,
  Kind,
  type ValidationContext,
  type ValueNode,
} from 'graphql';
import { ConcordError } from '../errors.js';
import { type Shape, shapeOf } from './document-shape.js';
import { checkNumber, checkText, limitExceeded, listTooLong } from './input-check.js';

/** How large a request may be. */
export interface Limits {
  readonly depth: number;
  readonly fields: number;
  readonly aliases: number;
  readonly rootFields: number;
  readonly directives: number;
  readonly tokens: number;
  readonly cost: number;
  readonly listLength: number;
}

/** Introspection queries of tools are deeper than any other; what they may ask is bounded by the other limits. */
const INTROSPECTION_DEPTH = 20;

const BOUNDED = ['depth', 'fields', 'aliases', 'rootFields', 'directives'] as const;
const WORDS: Record<(typeof BOUNDED)[number], string> = {
  depth: 'levels of fields',
  fields: 'fields',
  aliases: 'aliases',
  rootFields: 'fields at the root',
  directives: 'directives',
};

/**
 * A validation rule: a document that is too large, or whose literals no resolver should see, does not pass. What passes is
 * kept by Apollo, so this runs once a document.
 */
export function limitsRule(limits: Limits): (context: ValidationContext) => ASTVisitor {
  return (context) => {
    const report = (error: ConcordError, node: DocumentNode | ValueNode) =>
      context.reportError(
        new GraphQLError(error.message, {
          ...(node.kind !== Kind.DOCUMENT && { nodes: node }),
          originalError: error,
        }),
      );
    const check = (node: ValueNode, work: () => void) => {
      try {
        work();
      } catch (error) {
        if (!(error instanceof ConcordError)) throw error;
        report(error, node);
      }
    };
    return {
      Document(node) {
        for (const error of tooLarge(shapeOf(node), limits)) report(error, node);
      },
      StringValue: (node) => check(node, () => checkText(node.value)),
      IntValue: (node) => check(node, () => checkNumber(Number(node.value))),
      FloatValue: (node) => check(node, () => checkNumber(Number(node.value))),
      ListValue(node) {
        if (node.values.length > limits.listLength) report(listTooLong(node.values.length, limits.listLength), node);
      },
    };
  };
}

function tooLarge(shape: Shape, limits: Limits): ConcordError[] {
  const most = shape.introspects ? { ...limits, depth: Math.max(limits.depth, INTROSPECTION_DEPTH) } : limits;
  return BOUNDED.filter((what) => shape[what] > most[what]).map((what) =>
    limitExceeded(`The operation has too many ${WORDS[what]}: ${most[what]} is the most.`, {
      limit: most[what],
      found: Math.min(shape[what], Number.MAX_SAFE_INTEGER),
    }),
  );
}
