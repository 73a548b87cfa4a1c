/**
 * Text from outside may steer a terminal. C0 and C1 controls, DEL, line and paragraph separators and bidirectional controls
 * become visible text such as \u{1b}; everything else stays.
 */
export function escapeControl(text: string): string {
  return text.replace(CONTROL, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;
