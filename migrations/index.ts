import { Schema1764000000001 } from './1764000000001-schema.js';
import { Users1764000000002 } from './1764000000002-users.js';
import { Products1764000000003 } from './1764000000003-products.js';
import { ModelVersions1764000000004 } from './1764000000004-model-versions.js';
import { Recommendations1764000000005 } from './1764000000005-recommendations.js';
import { Imports1764000000006 } from './1764000000006-imports.js';
import { RowLevelSecurity1764000000007 } from './1764000000007-row-level-security.js';
import { ApplicationRole1764000000008 } from './1764000000008-application-role.js';
import { Statistics1764000000009 } from './1764000000009-statistics.js';
import { Ledger1764000000010 } from './1764000000010-ledger.js';
import { Federation1764000000011 } from './1764000000011-federation.js';
import { StreamedModels1764000000012 } from './1764000000012-streamed-models.js';
import { SignedUploads1764000000013 } from './1764000000013-signed-uploads.js';
import { Oversight1764000000014 } from './1764000000014-oversight.js';
import { PricesAndReasons1764000000016 } from './1764000000016-prices-and-reasons.js';
import { Experiments1764000000018 } from './1764000000018-experiments.js';
import { ProfileEmbeddings1764000000019 } from './1764000000019-profile-embeddings.js';
import { Erasures1764000000020 } from './1764000000020-erasures.js';

/** Every migration, in order. A new one is added at the end; one that was released is never changed. */
export const migrations = [
  Schema1764000000001,
  Users1764000000002,
  Products1764000000003,
  ModelVersions1764000000004,
  Recommendations1764000000005,
  Imports1764000000006,
  RowLevelSecurity1764000000007,
  ApplicationRole1764000000008,
  Statistics1764000000009,
  Ledger1764000000010,
  Federation1764000000011,
  StreamedModels1764000000012,
  SignedUploads1764000000013,
  Oversight1764000000014,
  PricesAndReasons1764000000016,
  Experiments1764000000018,
  ProfileEmbeddings1764000000019,
  Erasures1764000000020,
];
