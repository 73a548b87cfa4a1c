import type { HopStatus } from '../platform/effects.ts';
import type { Hop, PaymentTrace } from '../trace/trace.ts';
import { HOP_TITLES } from './hop-titles.ts';
import { causesLines, gapLines } from './human.ts';
import { type Pen, pen, type Status } from './pen.ts';
import type { AnsweredLookup, Presentation, TraceResult } from './result.ts';
import { money, plural, shortId, timeNear } from './text.ts';

const STATUS_SYMBOLS: Readonly<Record<HopStatus, Status>> = {
  done: 'pass',
  missing: 'fail',
  blocked: 'fail',
  skipped: 'fail',
  waiting: 'warn',
  unknown: 'unknown',
  'not-applicable': 'skipped',
};

const NOT_REACHED: readonly HopStatus[] = ['missing', 'waiting', 'unknown', 'not-applicable'];

export function humanTrace(result: TraceResult, view: Presentation): string {
  const ink = pen(view);
  const lines = [
    ...result.lookups.flatMap((lookup) => lookupLines(lookup, ink)),
    ...result.traces.flatMap(({ trace, ranked }) => [
      ...traceLines(trace, result.state.takenAtMs, ink),
      ...(ranked === null || ranked.causes.length === 0 ? [] : ['', ...causesLines(ranked, ink)]),
      '',
    ]),
    ...result.notFound.flatMap(({ kind, id, why, proved }) => [
      `trace ${kind === 'payment' ? '' : `${kind} `}${ink.text(id)}`,
      '',
      ...symbolLines(proved ? 'fail' : 'unknown', why, ink),
      '',
    ]),
    ...gapLines(result.coverage, ink),
    ...(result.coverage.notLooked.length > 0 ? [''] : []),
    ...ink.wrap(result.headline, '  ').map((line) => ink.chalk.bold(line)),
  ];
  return `${lines.join('\n')}\n`;
}

function lookupLines({ kind, id, payments, complete }: AnsweredLookup, ink: Pen): readonly string[] {
  if (payments.kind === 'unseen' || payments.value.length === 0) return [];
  const text = `${plural(payments.value.length, 'payment')}${complete ? '' : ', newest first; there may be more'}`;
  return [...ink.wrap(`${kind} ${id}: ${text}`, '  '), ''];
}

function symbolLines(status: Status, text: string, ink: Pen): readonly string[] {
  const [first = '', ...rest] = ink.wrap(text, '    ', ink.view.width - 4);
  return [`  ${ink.symbol(status)} ${first}`, ...rest];
}

function traceLines(trace: PaymentTrace, nowMs: number, ink: Pen): readonly string[] {
  const who = [
    `trace ${trace.payment}`,
    money(trace.currency, trace.amountCents),
    `student ${shortId(trace.ids.student)}`,
    trace.ids.course === null ? 'no course named' : `course ${shortId(trace.ids.course)}`,
    ...(trace.class === 'ordinary' ? [] : [trace.class]),
    `times in ${ink.view.timeZone}`,
  ].join(' · ');
  const { state, hop, untilHop } = trace.firstMissing;
  const from = trace.hops.findIndex(({ id }) => id === hop);
  // Behind the first missing hop nothing is expected: shown as not reached, so that one cross stands out and not ten.
  const isBeyond = (index: number) => state === 'stuck' && untilHop === null && from >= 0 && index > from;
  const times = trace.hops.map(({ atMs }) =>
    atMs === null ? '—' : timeNear(atMs, nowMs, ink.view.timeZone),
  );
  const timeColumn = Math.max(...times.map((time) => time.length));
  return [
    ...ink.wrap(who, '  ').map((line) => ink.chalk.bold(line)),
    '',
    ...trace.hops.flatMap((each, index) => {
      const isSilent = isBeyond(index) && NOT_REACHED.includes(each.status);
      const stops = each.id === hop && state === 'stuck' ? '← stops here: ' : '';
      return hopLines(each, isSilent ? 'skipped' : STATUS_SYMBOLS[each.status], {
        time: (times[index] ?? '').padEnd(timeColumn),
        detail: isSilent ? '' : `${stops}${detailOf(each)}`,
        ink,
      });
    }),
    ...trace.contradictions.flatMap((each) => ink.wrap(`  ! ${each.kind}: ${each.text}`, '    ')),
  ];
}

function detailOf({ status, gap, detail }: Hop): string {
  return status === 'unknown' && gap !== null ? `not looked at: ${gap.reason}` : detail;
}

const TITLE_COLUMN = Math.max(...Object.values(HOP_TITLES).map((title) => title.length));
/** Narrower than this a column is hard to read, and what it says goes below. */
const DETAIL_MIN = 24;

function hopLines(
  { id }: Hop,
  status: Status,
  { time, detail, ink }: { readonly time: string; readonly detail: string; readonly ink: Pen },
): readonly string[] {
  const left = `${HOP_TITLES[id].padEnd(TITLE_COLUMN)}  ${ink.text(time)}`;
  const start = `  ${ink.symbol(status)} ${left}`;
  if (detail === '') return [start.trimEnd()];
  const indent = left.length + 6;
  const room = ink.view.width - indent;
  const words = ink.text(detail).split(' ');
  const longest = Math.max(...words.map((word) => word.length));
  if (longest > room || (room < DETAIL_MIN && words.join(' ').length > room)) {
    return [start.trimEnd(), ...ink.wrap(`      ${detail}`, '      ')];
  }
  const [first = '', ...rest] = ink.wrap(detail, '', room);
  return [`${start}  ${first}`, ...rest.map((line) => ' '.repeat(indent) + line)];
}
