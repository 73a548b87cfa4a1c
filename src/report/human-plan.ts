import type { PaymentPreview, Plan, Refusal, Step } from '../repair/plan.ts';
import { type Pen, pen, type Status } from './pen.ts';
import type { Presentation } from './result.ts';
import { plural } from './text.ts';

/** Everything that a plan does, before anybody is asked: its steps, what becomes of each payment, what is left out, and the same by hand. */
export function humanPlan(plan: Plan, view: Presentation): string {
  const ink = pen(view);
  const manual = plan.steps.filter(({ action }) => action.kind === 'instruct');
  const machine = plan.steps.filter(({ action }) => action.kind !== 'instruct');
  const blocks = [
    headLines(plan, manual.length, machine, ink),
    ...manual.map((step) => instructionLines(step, ink)),
    ...machine.map((step) => stepLines(step, ink)),
    previewLines(plan.previews, ink),
    plan.refusals.flatMap((refusal) => refusalLines(refusal, ink)),
    plan.warnings.flatMap((warning) => symbolLines('warn', warning, ink)),
    byHandLines(machine, ink),
    consentLines(plan, machine, ink),
  ];
  const shown = blocks.filter((lines) => lines.length > 0);
  return `${shown.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

function headLines(plan: Plan, manual: number, machine: readonly Step[], ink: Pen): readonly string[] {
  const nothing = plan.refusals.length > 0 ? 'nothing can be done' : 'nothing to do';
  const parts = [
    ...(machine.length > 0 ? [plural(machine.length, 'step')] : []),
    ...(manual > 0 ? [`${plural(manual, 'thing')} for a person to do`] : []),
    ...(machine.length + manual === 0 ? [nothing] : []),
    ...touches(machine),
    ...(plan.payments.length > 0
      ? [`${plural(plan.payments.length, 'payment')} ${plan.payments.length === 1 ? 'moves' : 'move'} on`]
      : []),
    ...(machine.length > 0 ? [losses(plan.previews)] : []),
  ];
  return ink.wrap(`plan ${plan.id}  ${parts.join(' · ')}`, '  ').map((line) => ink.chalk.bold(line));
}

function touches(steps: readonly Step[]): readonly string[] {
  const of = (kind: Step['action']['kind']) => steps.filter(({ action }) => action.kind === kind).length;
  const stopped = of('stop-container');
  const started = of('start-container') - stopped;
  const commits = steps.reduce(
    (sum, { action }) => sum + (action.kind === 'commit-offsets' ? action.moves.length : 0),
    0,
  );
  return [
    ...(of('create-topic') > 0 ? [`${plural(of('create-topic'), 'topic')} created`] : []),
    ...(commits > 0 ? [`${plural(commits, 'offset')} committed`] : []),
    ...(stopped > 0 ? [`${plural(stopped, 'container')} restarted`] : []),
    ...(started > 0 ? [`${plural(started, 'container')} started`] : []),
    ...(of('produce-record') > 0 ? [`${plural(of('produce-record'), 'record')} sent`] : []),
  ];
}

function losses(previews: readonly PaymentPreview[]): string {
  const of = (effect: PaymentPreview['effect']) => previews.filter((one) => one.effect === effect).length;
  const skipped = of('skipped');
  const again = of('re-read');
  return [
    skipped > 0 ? `${plural(skipped, 'payment')} passed unread` : 'nothing lost',
    again > 0 ? `${plural(again, 'record')} read again` : 'nothing read twice',
  ].join(', ');
}

// --- steps

const NUMBER_WIDTH = 3;
const INDENT = ' '.repeat(NUMBER_WIDTH + 2);

function stepLines(step: Step, ink: Pen): readonly string[] {
  const kind = ink.text(kindOf(step));
  const room = ink.view.width - INDENT.length - kind.length - 2;
  const number = `${String(step.number).padStart(NUMBER_WIDTH)}  `;
  const [first = '', ...rest] = ink.wrap(step.title, '', Math.max(30, room));
  // A kind that does not fit beside the title stands below it.
  const isWide = first.length + kind.length + 2 + INDENT.length <= ink.view.width;
  const head = isWide ? `${number}${first.padEnd(room)}  ${ink.chalk.dim(kind)}` : `${number}${first}`;
  return [
    head,
    ...rest.map((line) => `${INDENT}${line}`),
    ...(isWide ? [] : [`${INDENT}${ink.chalk.dim(kind)}`]),
    ...(step.reversibility === 'reads-only'
      ? fieldLines('then', step.after, ink)
      : [
          ...fieldLines('before', step.before, ink),
          ...fieldLines('after', step.after, ink),
          ...fieldLines('why it is safe', step.whySafe, ink),
        ]),
  ];
}

function kindOf({ risk, reversibility, action }: Step): string {
  switch (reversibility) {
    case 'reads-only':
      return 'reads only';
    case 'exact':
      return `${risk} · reversible`;
    case 'irreversible':
      return `${risk} · cannot be taken back`;
    case 'compensating':
      return `${risk} · ${compensation(action.kind)}`;
    default:
      return reversibility satisfies never;
  }
}

function compensation(kind: Step['action']['kind']): string {
  switch (kind) {
    case 'start-container':
      return 'reversible (stop)';
    case 'stop-container':
      return 'reversible (start)';
    case 'create-topic':
      return 'stays, harmless while empty';
    case 'commit-offsets':
      return 'stays';
    default:
      return 'reversible';
  }
}

function fieldLines(name: string, text: string, ink: Pen): readonly string[] {
  const left = `${INDENT}${ink.chalk.dim(name)}  `;
  const hang = INDENT.length + name.length + 2;
  const [first = '', ...rest] = ink.wrap(text, '', ink.view.width - hang);
  return [`${left}${first}`, ...rest.map((line) => ' '.repeat(hang) + line)];
}

function instructionLines(step: Step, ink: Pen): readonly string[] {
  const { action } = step;
  if (action.kind !== 'instruct') return [];
  const [first = '', ...rest] = ink.wrap(step.title, INDENT, ink.view.width - INDENT.length);
  return [
    `${String(step.number).padStart(NUMBER_WIDTH)}  ${first}`,
    ...rest,
    ...ink.wrap(`${INDENT}${action.text}`, INDENT),
    `${INDENT}${ink.chalk.dim('command')}  ${ink.text(step.byHand)}`,
    ...fieldLines('must then pass', action.verify, ink),
    ...action.evidence.flatMap((text) => ink.wrap(`${INDENT}+ ${text}`, `${INDENT}  `)),
  ];
}

// --- payments

const SHOWN_PREVIEWS = 10;
/** Nobody may overlook these, however many they are. */
const NOTEWORTHY: readonly PaymentPreview['effect'][] = ['skipped', 'revived', 're-announced'];

function previewLines(previews: readonly PaymentPreview[], ink: Pen): readonly string[] {
  if (previews.length === 0) return [];
  const isNamed = ({ effect, refuses }: PaymentPreview) => refuses || NOTEWORTHY.includes(effect);
  const plain = previews.filter((preview) => !isNamed(preview));
  const few = ink.view.verbose ? plain : plain.slice(0, SHOWN_PREVIEWS);
  const more = plain.length - few.length;
  const shown = previews.filter((preview) => isNamed(preview) || few.includes(preview));
  return [
    '  what becomes of the payments',
    ...shown.flatMap((preview) => previewLine(preview, ink)),
    ...(more > 0 ? [`    and ${more} more: --verbose`] : []),
  ];
}

function previewLine({ payment, effect, topic, partition, offset, text }: PaymentPreview, ink: Pen) {
  const where = `${topic}[${partition}]${offset === null ? '' : ` @ ${offset}`}`;
  return [
    `    ${ink.text(payment ?? '(no payment)')}  ${WORDS[effect]}`,
    ...ink.wrap(`      ${where}: ${text}`, '      '),
  ];
}

const WORDS: Readonly<Record<PaymentPreview['effect'], string>> = {
  'read-first-time': 'read for the first time',
  're-read': 'read again',
  skipped: 'passed unread',
  ignored: 'read and ignored',
  're-announced': 'announced again',
  revived: 'would be revived',
  unpaid: 'not paid',
  foreign: 'no such payment',
  unknown: 'not known',
};

// --- what is not done, the same by hand, consent

function refusalLines({ repair, stage, reason, hint, payments }: Refusal, ink: Pen): readonly string[] {
  const what = `${repair}${stage === null ? '' : ` (${stage})`} is refused: ${reason}`;
  return [
    ...symbolLines('fail', what, ink),
    ...payments.map((payment) => `    ${ink.text(payment)}`),
    ...ink.wrap(`    ${ink.view.unicode ? '→' : '->'} ${hint}`, '      ').map((line) => ink.chalk.dim(line)),
  ];
}

function symbolLines(status: Status, text: string, ink: Pen): readonly string[] {
  const [first = '', ...rest] = ink.wrap(text, '', ink.view.width - 4);
  return [`  ${ink.symbol(status)} ${first}`, ...rest.map((line) => `    ${line}`)];
}

/** One line each and never broken: they are there to be copied. */
function byHandLines(machine: readonly Step[], ink: Pen): readonly string[] {
  const acting = machine.filter(({ reversibility }) => reversibility !== 'reads-only');
  const [only] = acting;
  if (only === undefined) return [];
  if (acting.length === 1) return [`  by hand: ${ink.text(only.byHand)}`];
  return [
    '  by hand, in this order',
    ...machine.map(({ number, byHand }) => `${String(number).padStart(NUMBER_WIDTH)}  ${ink.text(byHand)}`),
  ];
}

function consentLines({ confirm }: Plan, machine: readonly Step[], ink: Pen): readonly string[] {
  if (machine.every(({ reversibility }) => reversibility === 'reads-only')) return [];
  const stays = machine.some(
    ({ action, reversibility }) => action.kind === 'commit-offsets' && reversibility === 'compensating',
  );
  const agreed = stays
    ? 'a committed offset stays, all else here can be taken back'
    : 'everything here can be taken back';
  return ink.wrap(
    confirm === null
      ? `  ${agreed}: --yes is enough to apply it`
      : `  part of this cannot be taken back: applying it wants --confirm ${confirm}`,
    '  ',
  );
}
