let installed = 0;
let original: typeof process.emitWarning | null = null;

/**
 * kafkajs sets a timer with a negative time at its first answer, and Node 24 prints a TimeoutNegativeWarning for it
 * (tulios/kafkajs #1751, never fixed). Drops that one warning until the returned function is called.
 */
export function silenceNegativeTimeoutWarning(): () => void {
  installed += 1;
  if (original === null) {
    const emit = process.emitWarning;
    original = emit;
    process.emitWarning = ((...given: Parameters<typeof process.emitWarning>) => {
      if ((given as readonly unknown[])[1] === 'TimeoutNegativeWarning') return;
      emit.apply(process, given);
    }) as typeof process.emitWarning;
  }
  let isReleased = false;
  return () => {
    if (isReleased) return;
    isReleased = true;
    installed -= 1;
    if (installed > 0 || original === null) return;
    process.emitWarning = original;
    original = null;
  };
}
