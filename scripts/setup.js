/*
 * Brings a checkout to where `npm start` and `npm test` can run: `prestart` and `pretest` call it, whatever Node is outside
 * (>= 18). Plain JavaScript, since the Node that strips types is among the things it installs.
 *
 * `node scripts/setup.js`           npm packages, when package-lock.json changed or node_modules is missing
 * `node scripts/setup.js --tests`   the system packages that tests need as well
 */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { npmPackages } from './setup/npm-packages.js';
import { systemPackages } from './setup/system-packages.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** @param {string} line */
const say = (line) => process.stderr.write(`setup: ${line}\n`);

try {
  await npmPackages({ root, say });
  if (process.argv.includes('--tests')) systemPackages({ say });
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exit(1);
}
