import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Makes `dist`, what the published package runs from: compiled modules, the viewer page, the demo's clips. */
const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');
const run = (command: string, ...parameters: string[]): void => {
  execFileSync(join(root, 'node_modules/.bin', command), parameters, { cwd: root, stdio: 'inherit' });
};

rmSync(dist, { recursive: true, force: true });
run('tsc', '-p', 'tsconfig.build.json');
run('vite', 'build', 'src/page', '--configLoader', 'native', '--logLevel', 'warn');
cpSync(join(root, 'src/simulator/clips'), join(dist, 'simulator/clips'), { recursive: true });
chmodSync(join(dist, 'cli/main.js'), 0o755);
