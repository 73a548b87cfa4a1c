type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_WIDTH = 80;
/** Beyond this lines are hard to follow; a terminal of 300 columns gets no wider report. */
const MAX_WIDTH = 120;

/** What a reporter may use on a stream. */
export interface StreamView {
  readonly colour: boolean;
  readonly unicode: boolean;
  readonly width: number;
  readonly timeZone: string;
  readonly verbose: boolean;
}

/** How one stream may be written: each stream decides for itself, since either may be a pipe. chalk does not read NO_COLOR. */
export function presentation(
  stream: { readonly isTTY?: boolean; readonly columns?: number },
  environment: Environment,
  wish: { readonly color: boolean; readonly verbose: boolean; readonly timeZone: string },
): StreamView {
  const isTerminal = stream.isTTY === true;
  const term = environment['TERM'] ?? '';
  return {
    colour: isTerminal && term !== 'dumb' && (environment['NO_COLOR'] ?? '') === '' && wish.color,
    unicode: isUnicode(environment, term),
    width: Math.min(MAX_WIDTH, isTerminal ? (stream.columns ?? DEFAULT_WIDTH) : DEFAULT_WIDTH),
    timeZone: wish.timeZone,
    verbose: wish.verbose,
  };
}

/** The Linux console and dumb terminals lack the symbols; elsewhere the locale says. Without any locale variable UTF-8 is assumed. */
function isUnicode(environment: Environment, term: string): boolean {
  if (term === 'dumb' || term === 'linux') return false;
  const locale = environment['LC_ALL'] || environment['LC_CTYPE'] || environment['LANG'] || '';
  return locale === '' || /utf-?8/i.test(locale);
}
