import type { CheckOutcome } from '../checks/check.ts';
import type { CohortKind } from '../trace/trace.ts';
import { placeText } from './hop-titles.ts';
import { pen, type Status } from './pen.ts';
import type { Diagnosis, Presentation } from './result.ts';
import { plural, sums } from './text.ts';

/** One line per check, never broken: what fails is found with grep in the log of a deploy. */
export function humanSmoke({ checks, cohorts, headline, next }: Diagnosis, view: Presentation): string {
  const ink = pen(view);
  const column = Math.max(...checks.map(({ id }) => id.length));
  const lines = [
    ...checks.map(
      ({ id, outcome }) =>
        `${ink.symbol(outcome.status)} ${id.padEnd(column)}  ${ink.text(outcomeText(outcome))}`,
    ),
    ...cohorts.flatMap(({ cohort }) => {
      const status = COHORT_STATUS[cohort.kind];
      const text = `${cohort.kind}: ${plural(cohort.traces.length, 'payment')} (${sums(cohort.sums)}) at ${placeText(cohort.firstMissing)}, such as ${cohort.traces[0].payment}`;
      return status === null ? [] : [`${ink.symbol(status)} ${'payments'.padEnd(column)}  ${ink.text(text)}`];
    }),
    '',
    ...next.map(({ command, why }, index) =>
      ink.text(`${index === 0 ? 'next  ' : '      '}${command}  ${why}`),
    ),
    ...(next.length > 0 ? [''] : []),
    ink.chalk.bold(ink.text(headline)),
  ];
  return `${lines.join('\n')}\n`;
}

const COHORT_STATUS: Readonly<Record<CohortKind, Status | null>> = {
  stuck: 'fail',
  undetermined: 'unknown',
  'needs-decision': 'warn',
  'in-progress': null,
  'pages-old': null,
  anomaly: null,
};

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
