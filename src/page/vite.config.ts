import { defineConfig } from 'vite';

/* The page is plain TypeScript and CSS; this file is found by `vite build src/page` and by the gateway's build in memory. */
export default defineConfig({
  // Any sub-path works behind a reverse proxy.
  base: './',
  build: {
    outDir: '../../dist/page',
    emptyOutDir: true,
    target: 'es2023',
    // The first versions with light-dark(), which lightningcss would otherwise write out in a way that ignores full screen.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    // No script but our own files, so that the Content-Security-Policy needs no exception.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
});
