import { sveltekit } from '@sveltejs/kit/vite';
import { loadEnv } from 'vite';
import { defineConfig } from 'vitest/config';

export default defineConfig(({ mode }) => {
  // Where `npm run dev` sends what the server must answer.
  const server = loadEnv(mode, '.', 'CODEGENIE_')['CODEGENIE_URL'] ?? 'http://127.0.0.1:8501';
  return {
    plugins: [sveltekit()],
    server: { proxy: { '/api': server, '/openapi.json': server, '/health': server } },
    // The tests run Svelte as it runs in a browser.
    resolve: mode === 'test' ? { conditions: ['browser'] } : {},
    test: { environment: 'jsdom', include: ['src/**/*.test.ts'] }
  };
});
