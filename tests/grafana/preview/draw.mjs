// Draws dashboards in a headless Chromium, each into a PNG.
//
//     node draw.mjs < jobs.json > reports.json
//
// jobs.json: {"chromium": PATH, "prometheus": URL, "jobs": [{"dashboard": FILE, "picture": FILE or null, "width": PIXELS, "theme": "dark", "from": SECONDS,
// "to": SECONDS, "scrape": SECONDS, "variables": {NAME: [VALUE]}}]}. A report a job, in their order: src/report.ts, and what the browser's console said.
import http from 'node:http';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { chromium } from 'playwright-core';
import sharp from 'sharp';

const DIST = path.join(import.meta.dirname, 'dist');
const TYPES = {
  '.css': 'text/css',
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.woff': 'font/woff',
  '.woff2': 'font/woff2',
};
const MOST_MS = 120_000; // on a machine that is busy
const VIEW_HEIGHT = 6000; // higher than any dashboard: tables draw only the rows that are in view

const { chromium: executablePath, prometheus, jobs } = JSON.parse(readFileSync(0, 'utf8'));
let dashboard; // of the job at hand

const server = http.createServer(async (request, response) => {
  const asked = decodeURIComponent(new URL(request.url, 'http://page').pathname);
  const file = asked === '/dashboard.json' ? dashboard : path.join(DIST, path.normalize(asked === '/' ? '/index.html' : asked));
  try {
    const content = await readFile(file);
    response.writeHead(200, { 'content-type': TYPES[path.extname(file)] ?? 'application/octet-stream' }).end(content);
  } catch {
    response.writeHead(404).end();
  }
});
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
const address = `http://127.0.0.1:${server.address().port}/`;

const profile = mkdtempSync(path.join(os.tmpdir(), 'preview-'));
const browser = await chromium.launchPersistentContext(profile, {
  executablePath,
  headless: true,
  timezoneId: 'UTC',
  locale: 'en-US',
  // No sandbox: in a container it can't be had, and all pages are ours.
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  timeout: MOST_MS,
});
try {
  const reports = [];
  for (const job of jobs) {
    reports.push(await draw(job));
  }
  process.stdout.write(JSON.stringify(reports, null, 1));
} finally {
  await browser.close();
  server.close();
  rmSync(profile, { recursive: true, force: true });
}

async function draw(job) {
  dashboard = job.dashboard;
  const page = await browser.newPage();
  await page.setViewportSize({ width: job.width, height: VIEW_HEIGHT });
  await page.emulateMedia({ reducedMotion: 'reduce' });
  const said = [];
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && said.push(message.text().slice(0, 300)));
  page.on('pageerror', (bad) => said.push(String(bad.stack ?? bad).slice(0, 600)));
  page.on('requestfailed', (request) => said.push(`not loaded: ${request.url()}`));
  page.on('request', (request) => {
    const { hostname, protocol } = new URL(request.url());
    if (protocol.startsWith('http') && hostname !== '127.0.0.1') {
      said.push(`asks another machine: ${hostname}`);
    }
  });
  const parameters = new URLSearchParams({ prometheus, from: job.from, to: job.to, scrape: job.scrape, theme: job.theme });
  for (const [name, values] of Object.entries(job.variables ?? {})) {
    values.forEach((value) => parameters.append(`var-${name}`, value));
  }
  let report;
  try {
    await page.goto(`${address}?${parameters}`, { timeout: MOST_MS });
    report = await page.waitForFunction(() => window.report, null, { timeout: MOST_MS }).then((handle) => handle.jsonValue());
    if (job.picture && !report.fatal) {
      const shot = await page.locator('#root').screenshot({ timeout: MOST_MS });
      await sharp(shot).png({ palette: true, effort: 10 }).toFile(job.picture); // a third of the size, and no eye tells
    }
  } catch (bad) {
    report = { title: '', problems: [], panels: [], fatal: bad.message };
  }
  await page.close();
  return { ...report, console: said };
}
