import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { DiagnosisDocument } from '../../src/report/schema.ts';

/** The built binary. KC_DOCTOR_BIN: another build, such as the installed package. */
export const BIN =
  process.env['KC_DOCTOR_BIN'] ?? fileURLToPath(new URL('../../bin/kc-doctor.js', import.meta.url));

export interface DoctorRun {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly tookMs: number;
}

/** Runs the built binary as an operator would, in a nearly empty environment and through pipes. */
export async function doctor(
  args: readonly string[],
  options: {
    readonly cwd: string;
    readonly environment?: Readonly<Record<string, string>>;
    readonly signal?: AbortSignal;
    /** Each piece of standard error as it comes. */
    readonly onStderr?: (text: string) => void;
  },
): Promise<DoctorRun> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, [BIN, ...args], {
    cwd: options.cwd,
    env: { PATH: process.env['PATH'] ?? '', HOME: options.cwd, ...options.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  options.signal?.addEventListener('abort', () => child.kill('SIGINT'), { once: true });
  const [stdout, stderr, exitCode] = await Promise.all([
    textOf(child.stdout),
    textOf(child.stderr, options.onStderr),
    new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    }),
  ]);
  return { exitCode, stdout, stderr, tookMs: performance.now() - startedMs };
}

async function textOf(
  stream: NodeJS.ReadableStream,
  onText: (text: string) => void = () => {},
): Promise<string> {
  let text = '';
  stream.setEncoding('utf8');
  for await (const chunk of stream) {
    text += String(chunk);
    onText(String(chunk));
  }
  return text;
}

/** The document that `--json` printed; fails with what was said instead. */
export function documentOf(run: DoctorRun): DiagnosisDocument {
  try {
    return JSON.parse(run.stdout) as DiagnosisDocument;
  } catch {
    throw new Error(`no JSON on stdout (exit ${run.exitCode}):\n${run.stdout}\n${run.stderr}`);
  }
}

/** What a failed expectation should show: checks that do not pass, and every cohort with its causes. */
export function summaryOf(document: DiagnosisDocument): string {
  const checks = document.checks
    .filter(({ status }) => status !== 'pass' && status !== 'skipped')
    .map(({ id, status, summary, findings, gap }) =>
      [
        status,
        id,
        summary,
        ...findings.map((finding) => finding.summary),
        gap?.operation ?? '',
        gap?.reason ?? '',
      ].join(' | '),
    );
  const cohorts = document.cohorts.map((cohort) =>
    [
      `${cohort.kind} at ${cohort.firstMissing.hop ?? '-'}: ${cohort.count}`,
      ...cohort.causes
        .slice(0, 4)
        .map(
          ({ id, stage, probability, level, evidence }) =>
            `  ${id}@${stage} ${probability} ${level} ${evidence.map((item) => `${item.for ? '+' : '-'} ${item.text}`).join('; ')}`,
        ),
    ].join('\n'),
  );
  return [document.headline, ...checks, ...cohorts].join('\n');
}
