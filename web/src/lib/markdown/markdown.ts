// Markdown to safe HTML, block by block, so that a growing answer redraws only its last block.
// Raw HTML in the source is shown as text, and what is made is sanitised again.

import createPurifier, { type Config } from 'dompurify';
import MarkdownIt, { type Env, type Token } from 'markdown-it';
import { languageName, languageTitle } from '../languages';
import { escapeHtml, highlight } from './highlight';

const markdown = new MarkdownIt({ html: false, linkify: false, typographer: false });

function codeBlock(code: string, info: string): string {
  const language = languageName(info);
  const title = languageTitle(language) || 'Code';
  const button = (act: string, label: string) =>
    `<button type="button" class="code-act" data-act="${act}">${label}</button>`;
  return (
    `<figure class="code-block" data-language="${escapeHtml(language)}"><figcaption class="code-head">` +
    `<span class="code-language">${escapeHtml(title)}</span>` +
    `<span class="code-acts">${button('run', 'Run')}${button('explain', 'Explain this')}${button('copy', 'Copy')}</span></figcaption>` +
    `<pre tabindex="0"><code>${highlight(code.replace(/\n$/, ''), language)}</code></pre></figure>`
  );
}

markdown.renderer.rules['fence'] = (tokens, at) => codeBlock(tokens[at]?.content ?? '', tokens[at]?.info ?? '');
markdown.renderer.rules['code_block'] = (tokens, at) => codeBlock(tokens[at]?.content ?? '', '');
// A picture would be a request to another server: its name and address are shown as a link.
markdown.renderer.rules['image'] = (tokens, at) => {
  const token = tokens[at];
  const address = String(token?.attrGet('src') ?? '');
  return `<a href="${escapeHtml(address)}">${escapeHtml(token?.content || address)}</a>`;
};
markdown.renderer.rules['table_open'] = () => '<div class="table-scroll" tabindex="0"><table>';
markdown.renderer.rules['table_close'] = () => '</table></div>';

const RULES: Config = {
  ALLOWED_TAGS: (
    'a b blockquote br button code dd del div dl dt em figcaption figure h1 h2 h3 h4 h5 h6 hr i kbd li ol p pre s span ' +
    'strong sub sup table tbody td th thead tr ul'
  ).split(' '),
  ALLOWED_ATTR: ['class', 'href', 'start', 'tabindex', 'type', 'data-act', 'data-language', 'style'],
  ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|#|\/(?!\/))/i,
  ADD_URI_SAFE_ATTR: ['data-act', 'data-language', 'start', 'tabindex', 'type'],
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false
};

const purifier = createPurifier(window);
purifier.addHook('afterSanitizeAttributes', (node) => {
  if (node.tagName === 'A' && node.hasAttribute('href')) {
    node.setAttribute('rel', 'noopener noreferrer');
    node.setAttribute('target', '_blank');
  }
  // Tables are the only part that sets a style, and only this one.
  const style = node.getAttribute('style');
  if (style !== null && !/^text-align:\s?(left|right|center)$/.test(style)) node.removeAttribute('style');
});

export function sanitise(html: string): string {
  return purifier.sanitize(html, RULES);
}

/** The top-level blocks of a document: each slice begins and ends at nesting level 0. */
function topLevelBlocks(tokens: Token[]): Token[][] {
  const blocks: Token[][] = [];
  let start = 0;
  tokens.forEach((token, at) => {
    if (token.level === 0 && token.nesting <= 0) {
      blocks.push(tokens.slice(start, at + 1));
      start = at + 1;
    }
  });
  return blocks;
}

/** Renders one growing text again and again; what did not change is taken from the time before. */
export class MarkdownRenderer {
  #known = new Map<string, string>();

  render(source: string): string[] {
    const env: Env = {};
    const tokens = markdown.parse(source, env);
    const lines = source.split('\n');
    const references = Object.keys(env.references ?? {}).length;
    const used = new Map<string, string>();
    const blocks = topLevelBlocks(tokens).map((block) => {
      const [from, to] = block[0]?.map ?? [0, 0];
      const key = `${references}\n${lines.slice(from, to).join('\n')}`;
      const html = this.#known.get(key) ?? sanitise(markdown.renderer.render(block, markdown.options, env));
      used.set(key, html);
      return html;
    });
    this.#known = used;
    return blocks;
  }
}

export function renderMarkdown(source: string): string {
  return new MarkdownRenderer().render(source).join('');
}

export type QuestionPart = { kind: 'text'; text: string } | { kind: 'code'; language: string; code: string };

/** Takes a question apart into what was written and what was pasted between code fences. */
export function splitFences(text: string): QuestionPart[] {
  const parts: QuestionPart[] = [];
  let plain: string[] = [];
  let fence: { mark: string; language: string; lines: string[] } | undefined;
  const endText = () => {
    const joined = plain.join('\n').trim();
    if (joined) parts.push({ kind: 'text', text: joined });
    plain = [];
  };
  for (const line of text.split('\n')) {
    const opening = /^\s{0,3}(`{3,}|~{3,})\s*([\w+#-]*)\s*$/.exec(line);
    if (!fence && opening) {
      endText();
      fence = { mark: opening[1]!, language: languageName(opening[2]!), lines: [] };
    } else if (fence && line.trim().startsWith(fence.mark) && line.trim().length <= fence.mark.length + 1) {
      parts.push({ kind: 'code', language: fence.language, code: fence.lines.join('\n') });
      fence = undefined;
    } else (fence?.lines ?? plain).push(line);
  }
  if (fence) parts.push({ kind: 'code', language: fence.language, code: fence.lines.join('\n') });
  endText();
  return parts;
}

/** `code` between code fences longer than any in it. */
export function fence(code: string, language: string): string {
  const longest = Math.max(2, ...[...code.matchAll(/`+/g)].map(([mark]) => mark.length));
  const mark = '`'.repeat(longest + 1);
  return `${mark}${language}\n${code}\n${mark}`;
}
