import { describe, expect, it } from 'vitest';
import { MarkdownRenderer, renderMarkdown, sanitise, splitFences } from './markdown';

function dom(html: string): HTMLElement {
  const root = document.createElement('div');
  root.innerHTML = html;
  return root;
}

const HOSTILE = [
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '<svg onload=alert(1)><circle/></svg>',
  '<iframe src="javascript:alert(1)"></iframe>',
  '<a href="javascript:alert(1)">x</a>',
  '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
  '<div style="background:url(https://evil.example/x)">x</div>',
  '<form action="https://evil.example"><input name=p></form>',
  '<style>@import "https://evil.example/x.css";</style>',
  '<base href="https://evil.example/">',
  '<meta http-equiv="refresh" content="0;url=https://evil.example">',
  '<object data="x"></object><embed src="x">',
  '<p onclick="alert(1)" onmouseover=alert(1)>x</p>',
  '<button formaction="javascript:alert(1)">x</button>'
];

const HOSTILE_MARKDOWN = [
  ...HOSTILE,
  '[x](javascript:alert(1))',
  '[x](JaVaScRiPt:alert(1))',
  '[x](data:text/html;base64,PHNjcmlwdD4=)',
  '[x](vbscript:msgbox)',
  '![x](https://evil.example/pixel.png)',
  '![x](javascript:alert(1))',
  '<javascript:alert(1)>',
  '[x]: javascript:alert(1)\n\n[x]',
  '```"><script>alert(1)</script>\ncode\n```',
  '```python\n</code></pre><img src=x onerror=alert(1)>\n```',
  '| a |\n|:-:|\n| <img src=x onerror=alert(1)> |'
];

function expectHarmless(html: string): void {
  const root = dom(html);
  const forbidden = 'script,img,svg,iframe,style,form,input,base,meta,object,embed,math,link,video,audio';
  expect(root.querySelector(forbidden), html).toBeNull();
  for (const element of root.querySelectorAll('*')) {
    for (const { name, value } of element.attributes) {
      expect(name, html).not.toMatch(/^on|^src|^formaction|^action/);
      expect(value, html).not.toMatch(/(javascript|vbscript|data):/i);
      if (name === 'style') expect(value).toMatch(/^text-align/);
    }
  }
}

describe('hostile text', () => {
  it.each(HOSTILE)('as HTML is made harmless: %s', (html) => expectHarmless(sanitise(html)));
  it.each(HOSTILE_MARKDOWN)('as Markdown is made harmless: %s', (text) => expectHarmless(renderMarkdown(text)));

  it('is shown, not swallowed', () => {
    expect(dom(renderMarkdown('a <b>bold</b> word')).textContent).toContain('<b>bold</b>');
  });

  it('cannot name elements of the page', () => {
    expect(sanitise('<a id="x" name="y">z</a>')).toBe('<a>z</a>');
  });
});

describe('Markdown', () => {
  it('keeps what people write', () => {
    const root = dom(renderMarkdown('# Title\n\n1. one\n2. two\n\n| a | b |\n|--:|---|\n| 1 | 2 |\n\n*x* **y** `z`'));
    expect(root.querySelector('h1')?.textContent).toBe('Title');
    expect(root.querySelectorAll('ol > li')).toHaveLength(2);
    expect(root.querySelector('th')?.getAttribute('style')).toBe('text-align:right');
    expect(root.querySelector('em,strong,code')).not.toBeNull();
  });

  it('gives code a name, colours and buttons, also inside a list', () => {
    const root = dom(renderMarkdown('- so:\n\n  ```py\n  def f(): return "<b>"\n  ```'));
    expect(root.querySelector('.code-language')?.textContent).toBe('Python');
    expect(root.querySelector('pre code')?.textContent).toBe('def f(): return "<b>"');
    expect(root.querySelector('.hljs-keyword')?.textContent).toBe('def');
    expect([...root.querySelectorAll('button')].map((button) => button.dataset['act'])).toEqual([
      'run',
      'explain',
      'copy'
    ]);
  });

  it('opens links without telling where from, and shows pictures as links', () => {
    const link = dom(renderMarkdown('[x](https://example.org)')).querySelector('a');
    expect(link?.getAttribute('rel')).toBe('noopener noreferrer');
    const picture = dom(renderMarkdown('![a chart](https://example.org/a.png)')).querySelector('a');
    expect(picture?.textContent).toBe('a chart');
  });

  it('redraws only what changed while it grows', () => {
    const renderer = new MarkdownRenderer();
    const source = 'First.\n\n```rust\nfn main() {}\n```\n\n- a\n- b\n\nLast words';
    let before: string[] = [];
    for (let end = 1; end <= source.length; end += 1) {
      const now = renderer.render(source.slice(0, end));
      expect(now.slice(0, Math.max(0, before.length - 1))).toEqual(before.slice(0, -1));
      before = now;
    }
    expect(before.join('')).toBe(renderMarkdown(source));
    expect(before).toHaveLength(4);
  });

  it('survives anything', () => {
    for (const text of ['', '\0', '```', '[', '| |\n|-', '\uD800', '> '.repeat(500), '*'.repeat(5000)]) {
      expect(() => renderMarkdown(text)).not.toThrow();
    }
  });
});

describe('a question', () => {
  it('is taken apart into text and code', () => {
    expect(splitFences('What is this?\n\n```js\nlet a = `b`;\n```\nThanks <b>')).toEqual([
      { kind: 'text', text: 'What is this?' },
      { kind: 'code', language: 'javascript', code: 'let a = `b`;' },
      { kind: 'text', text: 'Thanks <b>' }
    ]);
  });

  it('may leave the fence open, or have none', () => {
    expect(splitFences('```\na\nb')).toEqual([{ kind: 'code', language: '', code: 'a\nb' }]);
    expect(splitFences('plain *text*')).toEqual([{ kind: 'text', text: 'plain *text*' }]);
  });
});
