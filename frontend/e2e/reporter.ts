import type { FullResult, Reporter, TestCase, TestError, TestResult } from '@playwright/test/reporter';
import { relative } from 'node:path';

/** Writes one line of JSON as each test begins and ends, for the Go test that counts them. */
export default class Lines implements Reporter {
  printsToStdio = () => true;

  onTestBegin(test: TestCase): void {
    say({ event: 'begin', name: nameOf(test) });
  }

  onTestEnd(test: TestCase, result: TestResult): void {
    const files = result.attachments.flatMap(({ path }) => path ?? []);
    say({
      event: 'end',
      name: nameOf(test),
      status: result.status,
      message: result.errors.map(textOf).join('\n'),
      files: result.status === 'passed' ? [] : files,
    });
  }

  onError(error: TestError): void {
    say({ event: 'error', message: textOf(error) });
  }

  onEnd({ status }: FullResult): void {
    say({ event: 'over', status });
  }
}

function nameOf(test: TestCase): string {
  const [, , file = '', ...titles] = test.titlePath();
  return [relative('.', file).replace(/^e2e\/|\.spec\.ts$/g, ''), ...titles].join('/');
}

const textOf = ({ message, value, stack, snippet }: TestError) =>
  [stack ?? message ?? value, snippet].filter(Boolean).join('\n');

const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);
