import type { Reporter, TestModule } from 'vitest/node';

/**
 * Ends the output of a test run with 'N passed, N failed' alone on a line, after the coverage table, for CI to read. What keeps
 * tests from running (a module that does not load, a hook that throws, an error nobody caught) counts as failed, as does a run
 * that exits non-zero for any other reason.
 */
export default class SummaryReporter implements Reporter {
  #passed = 0;
  #failed = 0;

  onInit(): void {
    process.once('exit', (code) => {
      const failed = this.#failed === 0 && code !== 0 ? 1 : this.#failed;
      process.stdout.write(`\n${this.#passed} passed, ${failed} failed\n`);
    });
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    this.#passed = 0;
    this.#failed = unhandledErrors.length;
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed') this.#passed += 1;
        if (state === 'failed') this.#failed += 1;
      }
      for (const scope of [module, ...module.children.allSuites()]) {
        if (scope.errors().length > 0) this.#failed += 1;
      }
    }
  }
}
