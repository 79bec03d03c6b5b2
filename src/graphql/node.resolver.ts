import { ArrayMaxSize } from 'class-validator';
import { Arg, Args, ArgsType, Ctx, Field, ID, Query, Resolver } from 'type-graphql';
import { badInput, notFound } from '../errors.js';
import type { Context } from './context.js';
import { MAX_PAGE, Node, parseGlobalId } from './relay.js';

/** Finds a row by its uuid for the viewer of the context. Throws NOT_FOUND where there is none that the viewer may see. */
export type NodeFinder = (id: string, context: Context) => Promise<Node>;

@ArgsType()
class NodesArgs {
  @Field(() => [ID], { description: 'At most 100 ids.' })
  @ArrayMaxSize(MAX_PAGE)
  ids: string[];
}

/** Relay's way back to anything by its id. */
@Resolver()
export class NodeResolver {
  /** @param finders by the name of the GraphQL type */
  constructor(private readonly finders: Readonly<Record<string, NodeFinder>>) {}

  @Query(() => Node, { nullable: true, description: 'Anything, by its id.' })
  async node(@Arg('id', () => ID, { description: 'Its id.' }) id: string, @Ctx() context: Context): Promise<Node> {
    const parsed = parseGlobalId(id);
    if (!parsed) throw badInput('The id is not an id of this API.');
    const find = this.finders[parsed.type];
    if (!find || !Object.hasOwn(this.finders, parsed.type)) throw notFound('node', id);
    return find(parsed.id, context);
  }

  @Query(() => [Node], {
    nullable: 'items',
    description: 'Several things, each by its id and in their order; null, and an error, for one that cannot be found.',
  })
  async nodes(@Args(() => NodesArgs) { ids }: NodesArgs, @Ctx() context: Context): Promise<(Node | Error)[]> {
    const found = await Promise.allSettled(ids.map((id) => this.node(id, context)));
    return found.map((each) => (each.status === 'fulfilled' ? each.value : (each.reason as Error)));
  }
}
