// The wire types of the HTTP contract, as far as the web app uses them. No behaviour.

export type Role = 'admin' | 'developer' | 'student' | 'user';
export type Mode = 'auto' | 'generate' | 'explain';
export type Style = 'beginner' | 'technical' | 'step-by-step';
export type Outcome = 'answered' | 'confirm' | 'unknown';
export type CheckResult = 'passed' | 'failed' | 'verified' | 'not_applicable' | 'unavailable';
export type Language = 'python' | 'javascript' | 'typescript' | 'cpp' | 'c' | 'sql' | 'rust' | 'java' | 'go';

export interface User {
  id: string;
  email: string;
  username: string;
  role: Role;
  created_at: string;
}

export interface SignIn {
  access_token: string;
  token_type: string;
  expires_in: number;
  user: User;
}

export interface NewAccount {
  email: string;
  username: string;
  password: string;
  role?: Exclude<Role, 'admin'>;
}

export interface AskRequest {
  message: string;
  code?: string;
  mode?: Mode;
  language?: Language;
  style?: Style;
  conversation_id?: string;
  /** The earlier answer that this question replaces. */
  replaces_message_id?: string;
}

export interface Source {
  id: string;
  title: string;
  /** Calibrated probability, 0 to 1, that it answers the question. */
  score: number;
  language?: Language | null;
  key?: string;
}

export interface Checks {
  syntax: CheckResult;
  execution: CheckResult;
  notes: string[];
}

export interface Route {
  intent: 'generate' | 'explain' | 'none';
  topic: 'data-science' | 'other';
  scores: { generate: number; explain: number; none: number };
  mode: Mode;
  rung: string;
}

export interface Answer {
  /** Markdown. */
  answer: string;
  code?: string | null;
  language?: Language | null;
  outcome: Outcome;
  brain: string;
  reason: string;
  model?: string | null;
  ai_confidence: number;
  sources: Source[];
  checks: Checks;
  conversation_id?: string | null;
  message_id?: string | null;
  receipt_id?: string | null;
}

/** What the server tells while it answers, in this order; `token` comes many times. */
export type AskEvent =
  | { kind: 'route'; route: Route }
  | { kind: 'sources'; sources: Source[] }
  | { kind: 'token'; text: string }
  | { kind: 'check'; checks: Checks }
  | { kind: 'done'; answer: Answer };

export interface Conversation {
  id: string;
  title: string;
  created_at: string;
  updated_at: string;
}

export interface ConversationPage {
  conversations: Conversation[];
  total: number;
}

export interface Message {
  id: string;
  author: 'user' | 'assistant';
  created_at: string;
  text?: string | null;
  answer?: Answer | null;
}

export interface MessagePage {
  messages: Message[];
  total: number;
}

export interface ReceiptStep {
  name: string;
  duration_us: number;
  facts: { name: string; value: string }[];
}

export interface Receipt {
  id: string;
  version: string;
  encoder: string;
  created_at: string;
  steps: ReceiptStep[];
}

export interface NewTask {
  description: string;
  implementation: string;
  language: Language;
  tests?: string;
}

export interface TaughtTask {
  id: string;
  status: 'draft' | 'published';
  checks: Checks;
}

export interface SystemStatus {
  version: string;
  encoder: { available: boolean; detail: string };
  knowledge: { tasks: number; concepts: number };
  language_model: { available: boolean; detail: string };
}

/** RFC 9457. */
export interface Problem {
  type?: string;
  title: string;
  status: number;
  detail?: string;
  errors?: { field: string; message: string }[];
}
