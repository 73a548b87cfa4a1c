/**
 * Places where a test may end the process as a power cut would, so that what a run leaves behind is tried and not argued about.
 * Named `<phase>.<step>.<boundary>` or `<phase>.<boundary>`, the undoing of a phase as `undo-<phase>`.
 */
export const STEP_BOUNDARIES = ['before-intent', 'after-intent', 'after-act', 'after-outcome'] as const;
export type StepBoundary = (typeof STEP_BOUNDARIES)[number];

export const PHASE_BOUNDARIES = [
  'before-opening',
  'after-opening',
  'before-verifying',
  'after-verifying',
] as const;
export type PhaseBoundary = (typeof PHASE_BOUNDARIES)[number];

export interface PhaseName {
  readonly phase: number;
  readonly isUndo: boolean;
}

export function phasePlace(name: PhaseName, boundary: PhaseBoundary): string {
  return `${phaseText(name)}.${boundary}`;
}

export function stepPlace(name: PhaseName, step: number, boundary: StepBoundary): string {
  return `${phaseText(name)}.${step}.${boundary}`;
}

function phaseText({ phase, isUndo }: PhaseName): string {
  return isUndo ? `undo-${phase}` : String(phase);
}
