import type DataLoader from 'dataloader';
import type { Context } from '../graphql/context.js';
import { loaderOf } from '../graphql/loader.js';
import type { Profile } from './profile.js';
import type { ProfilesService } from './profiles.service.js';

const PROFILES = {};

export const profileLoader = (context: Context, profiles: ProfilesService): DataLoader<string, Profile | undefined> =>
  loaderOf(context, PROFILES, (ids) => profiles.profiles(context.viewer, ids));
