import type { CheckOutcome } from '../checks/check.ts';
import { pen } from './pen.ts';
import type { Diagnosis, Presentation } from './result.ts';

/** One line per check, never broken: what fails is found with grep in the log of a deploy. */
export function humanSmoke({ checks, headline, next }: Diagnosis, view: Presentation): string {
  const ink = pen(view);
  const column = Math.max(...checks.map(({ id }) => id.length));
  const lines = [
    ...checks.map(
      ({ id, outcome }) =>
        `${ink.symbol(outcome.status)} ${id.padEnd(column)}  ${ink.text(outcomeText(outcome))}`,
    ),
    '',
    ...next.map(({ command, why }, index) =>
      ink.text(`${index === 0 ? 'next  ' : '      '}${command}  ${why}`),
    ),
    ...(next.length > 0 ? [''] : []),
    ...ink.wrap(headline, '  ').map((line) => ink.chalk.bold(line)),
  ];
  return `${lines.join('\n')}\n`;
}

/** Names the status, since a line may stand without its symbol's colour or its neighbours. */
function outcomeText(outcome: CheckOutcome): string {
  switch (outcome.status) {
    case 'pass':
      return outcome.summary;
    case 'warn':
      return `warning: ${outcome.summary}`;
    case 'fail':
      return `failed: ${outcome.summary}`;
    case 'skipped':
      return `skipped: ${outcome.reason}`;
    case 'unknown':
      return `could not look: ${outcome.gap.operation}: ${outcome.gap.reason}`;
    default:
      return outcome satisfies never;
  }
}
