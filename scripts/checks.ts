import { spawnSync } from 'node:child_process';

/** Runs every check, also after one that fails, and ends with 'N passed, N failed' alone on a line. */
const CHECKS = ['check:types', 'lint', 'format:check', 'check:imports', 'check:dead'];

let failed = 0;
for (const check of CHECKS) {
  console.log(`\n--- ${check}`);
  const { status } = spawnSync('npm', ['run', '-s', check], { stdio: 'inherit' });
  if (status !== 0) failed += 1;
  console.log(status === 0 ? `${check} passed` : `${check} FAILED`);
}
console.log(`\n${CHECKS.length - failed} passed, ${failed} failed`);
if (failed > 0) process.exitCode = 1;
