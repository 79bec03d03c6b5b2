/** What a node and whoever enrols it ask the coordinator, in GraphQL. */
export const OPEN_ROUND = `query OpenRound($nodeId: ID!) { openRound(nodeId: $nodeId) { plan weightsUrl } }`;

export const JOIN_ROUND = `mutation JoinRound($roundId: ID!, $statement: String!, $jws: String!) {
  joinRound(roundId: $roundId, statement: $statement, jws: $jws) {
    __typename
    ... on RoundJoined { nonce }
    ... on RoundRefusal { code message }
  }
}`;

export const BEGIN_CONTRIBUTION = `mutation BeginContribution($roundId: ID!, $statement: String!, $jws: String!) {
  beginContribution(roundId: $roundId, statement: $statement, jws: $jws) {
    __typename
    ... on ContributionBegun { contributionId uploadUrl offset }
    ... on RoundRefusal { code message }
  }
}`;

export const COMMIT_CONTRIBUTION = `mutation CommitContribution($contributionId: ID!, $statement: String!, $jws: String!) {
  commitContribution(contributionId: $contributionId, statement: $statement, jws: $jws) {
    __typename
    ... on RoundRefusal { code message }
  }
}`;

export const ENROL_NODE = `mutation EnrolNode($input: EnrolNodeInput!) { enrolNode(input: $input) { nodeId } }`;

export const NODES = `query Nodes { federationNodes { id nodeId name institutionId revokedAt } }`;

export const INSTITUTIONS = `query Institutions($after: String) {
  institutions(first: 100, after: $after) { edges { node { id code } } pageInfo { hasNextPage endCursor } }
}`;

export const CREATE_BASE_MODEL = `mutation CreateBaseModel($input: CreateBaseModelInput!) { createBaseModel(input: $input) { id } }`;

export const START_RUN = `mutation StartTrainingRun($input: StartTrainingRunInput!) { startTrainingRun(input: $input) { id status } }`;

export const STOP_RUN = `mutation StopTrainingRun($id: ID!) { stopTrainingRun(id: $id) { id status } }`;

export const TRAINING_RUNS = `query TrainingRuns { trainingRuns(first: 100) { id status strategy population plannedRounds createdAt } }`;

export const TRAINING_RUN = `query TrainingRun($id: ID!) {
  trainingRun(id: $id) {
    id status strategy population plannedRounds createdAt
    rounds(first: 100) {
      number status reason versionId metrics { name value } participants { institution node status }
    }
  }
}`;

export const SET_BUDGET = `mutation SetPrivacyBudget($input: PrivacyBudgetInput!) {
  setPrivacyBudget(input: $input) { spent { pld } remaining }
}`;

export const ROTATE_KEY = `mutation RotateNodeKey($id: ID!, $publicKey: String!) {
  rotateNodeKey(id: $id, publicKey: $publicKey) { id nodeId name }
}`;

export const REVOKE_NODE = `mutation RevokeNode($id: ID!) { revokeNode(id: $id) { id nodeId name revokedAt } }`;
