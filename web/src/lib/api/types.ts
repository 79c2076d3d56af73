// The wire types of the HTTP contract under the names the web app uses. All but the events come from schema.ts, which
// `npm run gen` makes of the API description. No behaviour.

import type { components } from './schema';

type Schemas = components['schemas'];

export type Role = Schemas['Role'];
export type Mode = Schemas['Mode'];
export type Style = Schemas['Style'];
export type Outcome = Schemas['Outcome'];
export type CheckResult = Schemas['CheckResult'];
export type Language = Schemas['Language'];

export type User = Schemas['User'];
export type UserReply = Schemas['UserResponse'];
export type SignIn = Schemas['LoginResponse'];
export type NewAccount = Schemas['RegisterRequest'];
export type NewAdmin = Schemas['SetUpRequest'];

export type AskRequest = Schemas['AskRequest'];
export type Answer = Schemas['AnswerResponse'];
export type Source = Schemas['Source'];
export type Checks = Schemas['Checks'];
export type Route = Schemas['RouteResponse'];

export type Conversation = Schemas['ConversationResponse'];
export type ConversationPage = Schemas['ConversationList'];
export type Message = Schemas['MessageResponse'];
export type MessagePage = Schemas['MessageList'];

export type Receipt = Schemas['ReceiptResponse'];
export type Replay = Schemas['ReplayResponse'];
export type WritingProgress = Schemas['ProgressEvent'];
export type NewTask = Schemas['TeachRequest'];
export type TaughtTask = Schemas['TeachResponse'];
export type RunRequest = Schemas['RunRequest'];
export type RunResult = Schemas['RunResponse'];
export type SandboxReport = Schemas['SandboxResponse'];
export type SandboxTier = Schemas['TierResponse'];
export type QualityReport = Schemas['QualityResponse'];
export type SystemStatus = Schemas['StatusResponse'];

export type ModelList = Schemas['ModelsResponse'];
export type LanguageModel = ModelList['models'][number];
export type ModelTaskSettings = ModelList['tasks'][number];
export type MemoryLedger = Schemas['LedgerResponse'];
export type ResidentModel = MemoryLedger['residents'][number];
export type ModelJob = Schemas['JobResponse'];
export type ModelJobList = Schemas['JobList'];
export type PullRequest = Schemas['PullModelRequest'];
export type QuantiseRequest = Schemas['QuantiseRequest'];

export type ApiToken = Schemas['ApiTokenResponse'];
export type ApiTokenList = Schemas['ApiTokenListResponse'];
export type NewApiToken = Schemas['CreateApiTokenRequest'];
export type CreatedApiToken = Schemas['CreatedApiTokenResponse'];

/** RFC 9457; what is optional may be missing when the problem did not come from the server. */
export type Problem = Pick<Schemas['Problem'], 'title' | 'status'> & Partial<Schemas['Problem']>;

/**
 * What the server tells while it answers, in this order; `progress` and `token` come many times. Written by hand, because the
 * description shows a stream of events by example only.
 */
export type AskEvent =
  | { kind: 'route'; route: Route }
  | { kind: 'sources'; sources: Source[] }
  | { kind: 'progress'; progress: WritingProgress }
  | { kind: 'token'; text: string }
  | { kind: 'check'; checks: Checks }
  | { kind: 'done'; answer: Answer };
