import type { CheckOutcome } from '../checks/check.ts';
import type { HopStatus } from '../platform/effects.ts';
import type { Hop, PaymentTrace } from '../trace/trace.ts';
import { causesLines, gapLines, type Pen, pen } from './human.ts';
import type { Presentation, TraceResult } from './result.ts';
import { money, shortId, timeNear, wrap } from './text.ts';

const HOP_TITLES: Readonly<Record<Hop['id'], string>> = {
  'payment-row': 'payment succeeded',
  'confirmed-mark': 'PURCHASE_CONFIRMED recorded',
  'confirmed-record': 'PURCHASE_CONFIRMED in Kafka',
  'purchase-read': 'read by purchase-worker',
  'purchase-mark': 'marked by purchase-worker',
  'purchase-row': 'purchase',
  'created-record': 'PURCHASE_CREATED in Kafka',
  'allocation-read': 'read by allocation-worker',
  'allocation-mark': 'marked by allocation-worker',
  'allocation-call': 'trainer assignment asked for',
  'allocation-row': 'trainer allocated',
  'allocated-record': 'TRAINER_ALLOCATED in Kafka',
  'sessions-read': 'read by session-worker',
  'sessions-mark': 'marked by session-worker',
  'sessions-rows': 'sessions',
  'generated-record': 'SESSIONS_GENERATED in Kafka',
  'cache-read': 'pages refreshed',
};

const STATUS_SYMBOLS: Readonly<Record<HopStatus, CheckOutcome['status']>> = {
  done: 'pass',
  missing: 'fail',
  blocked: 'fail',
  skipped: 'fail',
  waiting: 'warn',
  unknown: 'unknown',
  'not-applicable': 'skipped',
};

export function humanTrace(result: TraceResult, view: Presentation): string {
  const ink = pen(view);
  const lines = [
    ...result.traces.flatMap(({ trace, ranked }) => [
      ...traceLines(trace, result, ink),
      ...(ranked === null ? [] : ['', ...causesLines(ranked, ink)]),
      '',
    ]),
    ...result.notFound.flatMap(({ id, why }) => [`trace ${id}`, '', `  ${ink.symbol('unknown')} ${why}`, '']),
    ...gapLines(result.coverage, ink),
    ...(result.coverage.notLooked.length > 0 ? [''] : []),
    ...wrap(result.headline, view.width, '  ').map((line) => ink.chalk.bold(line)),
  ];
  return `${lines.join('\n')}\n`;
}

function traceLines(trace: PaymentTrace, { state }: TraceResult, ink: Pen): readonly string[] {
  const { view } = ink;
  const who = [
    `trace ${trace.payment}`,
    money(trace.currency, trace.amountCents, view.unicode),
    `student ${shortId(trace.ids.student, view.unicode)}`,
    trace.ids.course === null ? 'no course named' : `course ${shortId(trace.ids.course, view.unicode)}`,
    ...(trace.class === 'ordinary' ? [] : [trace.class]),
  ].join(ink.dot);
  const { hop, untilHop } = trace.firstMissing;
  const from = trace.hops.findIndex(({ id }) => id === hop);
  // Behind the first missing hop nothing is expected: shown as not reached, so that one cross stands out and not ten.
  const isBeyond = (index: number) =>
    trace.firstMissing.state === 'stuck' && untilHop === null && from >= 0 && index > from;
  return [
    ...wrap(who, view.width, '  ').map((line) => ink.chalk.bold(line)),
    '',
    ...trace.hops.flatMap((each, index) => {
      const isStop = each.id === hop;
      const status = isBeyond(index) && each.status === 'missing' ? 'skipped' : STATUS_SYMBOLS[each.status];
      const time = each.atMs === null ? ink.dash : timeNear(each.atMs, state.takenAtMs, view.timeZone);
      const left = `  ${ink.symbol(status)} ${HOP_TITLES[each.id].padEnd(30)} ${time.padEnd(10)} `;
      const detail =
        each.status === 'unknown' && each.gap !== null ? `not looked at: ${each.gap.reason}` : each.detail;
      const text = isStop ? `${detail}  ${view.unicode ? '←' : '<-'} stops here` : detail;
      const [first = '', ...rest] = wrap(text, Math.max(30, view.width - 46), '');
      return [`${left}${first}`.trimEnd(), ...rest.map((line) => ' '.repeat(46) + line)];
    }),
    ...trace.contradictions.flatMap((each) => wrap(`  ! ${each.kind}: ${each.text}`, view.width, '    ')),
  ];
}
