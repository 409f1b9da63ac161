// Bundles src/ into dist/: a page that draws one dashboard. node build.mjs
import { build } from 'esbuild';
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

process.chdir(import.meta.dirname);
const out = 'dist';
rmSync(out, { recursive: true, force: true });
mkdirSync(out);

await build({
  entryPoints: ['src/main.tsx'],
  bundle: true,
  outdir: out,
  format: 'esm',
  splitting: true, // Grafana's editors are loaded on demand: by us never
  jsx: 'automatic',
  minify: true,
  target: 'es2022',
  logLevel: 'error',
  loader: { '.woff': 'file', '.woff2': 'file', '.ttf': 'file', '.svg': 'dataurl', '.png': 'dataurl' },
  define: { 'process.env.NODE_ENV': '"production"', global: 'globalThis' },
});

// Grafana's Icon fetches its pictures from the server, and its global styles name the files of the font Inter, which the packages lack.
cpSync('node_modules/@grafana/ui/dist/public', path.join(out, 'public/build'), { recursive: true });
mkdirSync(path.join(out, 'public/fonts/inter'), { recursive: true });
for (const [name, weight] of [['Regular', 400], ['Medium', 500]]) {
  cpSync(
    `node_modules/@fontsource/inter/files/inter-latin-${weight}-normal.woff2`,
    path.join(out, `public/fonts/inter/Inter-${name}.woff2`),
  );
}
writeFileSync(
  path.join(out, 'index.html'),
  `<!doctype html>
<meta charset="utf-8">
<link rel="icon" href="data:,">
<link rel="stylesheet" href="main.css">
<style>body { margin: 0 }</style>
<div id="root"></div>
<script type="module" src="main.js"></script>
`,
);
