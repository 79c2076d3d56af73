// The app is one static page with client-side routes. The server forbids inline scripts, so the start-up script that
// SvelteKit writes into index.html is moved to a file of its own once the pages are built.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import adapter from '@sveltejs/adapter-static';
import { vitePreprocess } from '@sveltejs/vite-plugin-svelte';

const OUTPUT = 'build';
const INLINE_SCRIPT = /<script>([\s\S]*?)<\/script>/g;

function moveInlineScripts() {
  const page = join(OUTPUT, 'index.html');
  const html = readFileSync(page, 'utf8').replace(INLINE_SCRIPT, (_, code) => {
    const digest = createHash('sha256').update(code).digest('hex').slice(0, 10);
    const name = `_app/immutable/boot.${digest}.js`;
    writeFileSync(join(OUTPUT, name), code.trim() + '\n');
    return `<script src="/${name}"></script>`;
  });
  if (/<script(?![^>]*\ssrc=)[^>]*>/.test(html)) {
    throw new Error('index.html still has an inline script, which the content security policy refuses');
  }
  writeFileSync(page, html);
}

function staticAdapter() {
  const inner = adapter({ pages: OUTPUT, assets: OUTPUT, fallback: 'index.html', precompress: false });
  return {
    ...inner,
    name: 'static-without-inline-scripts',
    async adapt(builder) {
      await inner.adapt(builder);
      moveInlineScripts();
    }
  };
}

const { version } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));

/** @type {import('@sveltejs/kit').Config} */
export default {
  preprocess: vitePreprocess(),
  compilerOptions: { runes: true },
  kit: {
    adapter: staticAdapter(),
    paths: { relative: false },
    // Fixed, so that two builds of the same sources are the same.
    version: { name: version }
  }
};
