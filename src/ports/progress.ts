import type { SystemId } from '../platform/observed.ts';

export type ProgressEvent =
  | { readonly kind: 'part-started'; readonly system: SystemId; readonly what: string }
  | { readonly kind: 'part-seen'; readonly system: SystemId; readonly what: string }
  | {
      readonly kind: 'part-unseen';
      readonly system: SystemId;
      readonly what: string;
      readonly reason: string;
    };

export type Observer = (event: ProgressEvent) => void;
