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
export type NewTask = Schemas['TeachRequest'];
export type TaughtTask = Schemas['TeachResponse'];
export type RunRequest = Schemas['RunRequest'];
export type RunResult = Schemas['RunResponse'];
export type SandboxReport = Schemas['SandboxResponse'];
export type SandboxTier = Schemas['TierResponse'];
export type QualityReport = Schemas['QualityResponse'];
export type SystemStatus = Schemas['StatusResponse'];

/** RFC 9457; what is optional may be missing when the problem did not come from the server. */
export type Problem = Pick<Schemas['Problem'], 'title' | 'status'> & Partial<Schemas['Problem']>;

/**
 * What the server tells while it answers, in this order; `token` comes many times. Written by hand, because the
 * description shows a stream of events by example only.
 */
export type AskEvent =
  | { kind: 'route'; route: Route }
  | { kind: 'sources'; sources: Source[] }
  | { kind: 'token'; text: string }
  | { kind: 'check'; checks: Checks }
  | { kind: 'done'; answer: Answer };
