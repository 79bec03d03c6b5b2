import type DataLoader from 'dataloader';
import type { Context } from '../graphql/context.js';
import { loaderOf } from '../graphql/loader.js';
import { MAX_PAGE } from '../graphql/relay.js';
import type { AttributeMap, Holding } from './user.js';
import type { UsersService } from './users.service.js';

const HOLDINGS = {};
const PROTECTED = {};

/** Holdings of each user, at most as many as one page may have. */
export const holdingsLoader = (context: Context, users: UsersService): DataLoader<string, Holding[] | undefined> =>
  loaderOf(context, HOLDINGS, (ids) => users.holdingsOf(context.viewer, ids, MAX_PAGE));

export const protectedLoader = (context: Context, users: UsersService): DataLoader<string, AttributeMap | undefined> =>
  loaderOf(context, PROTECTED, (ids) => users.protectedAttributes(context.viewer, ids));
