// The names of languages, styles, modes and checks, as people read them.

import type { CheckResult, Checks, Language, Mode, Style } from './api/types';

export const LANGUAGES: readonly { value: Language; title: string }[] = [
  { value: 'python', title: 'Python' },
  { value: 'javascript', title: 'JavaScript' },
  { value: 'typescript', title: 'TypeScript' },
  { value: 'cpp', title: 'C++' },
  { value: 'c', title: 'C' },
  { value: 'sql', title: 'SQL' },
  { value: 'rust', title: 'Rust' },
  { value: 'java', title: 'Java' },
  { value: 'go', title: 'Go' }
];

export const STYLES: readonly { value: Style; title: string }[] = [
  { value: 'beginner', title: 'Beginner' },
  { value: 'technical', title: 'Technical' },
  { value: 'step-by-step', title: 'Step by step' }
];

export const MODES: readonly { value: Mode; title: string; hint: string }[] = [
  { value: 'auto', title: 'Auto', hint: 'CodeGenie decides whether to write code or to explain' },
  { value: 'generate', title: 'Code', hint: 'Always write code' },
  { value: 'explain', title: 'Explain', hint: 'Always explain' }
];

const OTHER_TITLES: Record<string, string> = { bash: 'Shell', json: 'JSON', text: 'Text' };

const ALIASES: Record<string, string> = {
  py: 'python',
  python3: 'python',
  js: 'javascript',
  jsx: 'javascript',
  ts: 'typescript',
  tsx: 'typescript',
  'c++': 'cpp',
  cc: 'cpp',
  h: 'c',
  rs: 'rust',
  golang: 'go',
  sh: 'bash',
  shell: 'bash',
  sqlite: 'sql',
  postgresql: 'sql'
};

/** The canonical name of what stands after a code fence; empty when there is nothing. */
export function languageName(info: string): string {
  const word = info.trim().split(/\s+/)[0]?.toLowerCase() ?? '';
  return ALIASES[word] ?? word;
}

export function languageTitle(name: string): string {
  return LANGUAGES.find(({ value }) => value === name)?.title ?? OTHER_TITLES[name] ?? name;
}

export function asLanguage(name: string | null | undefined): Language | undefined {
  return LANGUAGES.find(({ value }) => value === name)?.value;
}

export const SYNTAX_WORDS: Record<CheckResult, string> = {
  passed: 'passed',
  failed: 'failed',
  verified: 'passed when the library was built',
  not_applicable: 'nothing to check',
  unavailable: 'could not be checked here'
};

const EXECUTION_WORDS: Record<CheckResult, string> = {
  passed: 'passed',
  failed: 'failed',
  verified: 'verified when the library was built',
  not_applicable: 'nothing to run',
  unavailable: 'could not be run here'
};

/** What came of running the code of an answer, with the number of tests where some were run. */
export function executionWords(checks: Checks): string {
  const { execution, tests_passed: passed, tests_total: total } = checks;
  if (execution === 'passed' && total > 0) return total === 1 ? '1 passed' : `all ${total} passed`;
  if (execution === 'failed' && total > 0) return `${passed} of ${total} passed`;
  return EXECUTION_WORDS[execution] ?? execution;
}
