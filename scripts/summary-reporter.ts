import type { Reporter, TestModule } from "vitest/node";

/**
 * Prints `N passed, N failed` as the last line, uncoloured, so that people and scripts find the result in one place; before
 * it, each test that passed only when it was run again.
 */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    let passed = 0;
    let failed = unhandledErrors.length;
    for (const module of modules) {
      // A file that does not load, or a suite whose hook throws, has failed without any test saying so.
      failed += module.errors().length;
      for (const suite of module.children.allSuites()) failed += suite.errors().length;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === "passed") passed += 1;
        // One that is expected to fail did, twice.
        if (test.diagnostic()?.flaky === true && test.options.fails !== true) {
          process.stdout.write(
            `flaky, passed when run again: ${test.project.name} ${module.relativeModuleId} ${test.fullName}\n`,
          );
        }
        if (state === "failed") failed += 1;
      }
    }
    process.stdout.write(`${passed} passed, ${failed} failed\n`);
  }
}
